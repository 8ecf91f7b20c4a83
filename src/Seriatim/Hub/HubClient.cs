using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Seriatim;

/// <summary>The hub's HTTP interface: what a revision holds, and the bytes of a file from some place on.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 5;

    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly string? _token;

    public HubClient(ModelHubOptions options)
    {
        // Without the slash at its end, the last part of a mirror's path would be replaced instead of continued.
        _base = options.Base.AbsoluteUri.EndsWith('/') ? options.Base : new Uri(options.Base.AbsoluteUri + "/");
        _token = options.BearerToken;

        // Redirects are followed by hand: the token is for the hub, not for the stores it forwards to.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = options.Timeout }) { Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("seriatim", "0.1"));
    }

    /// <summary>The commit of a revision and its files.</summary>
    public async Task<(string Commit, IReadOnlyList<HubFile> Files)> ListAsync(HubId id, Func<string, bool> wanted, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(
            HttpMethod.Get, $"api/models/{id.Path}/revision/{Uri.EscapeDataString(id.Revision)}?blobs=true", 0, cancellationToken).ConfigureAwait(false);
        Check(response, id, "the model");
        using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using JsonDocument json = await JsonDocument.ParseAsync(body, default, cancellationToken).ConfigureAwait(false);
            string commit = json.RootElement.GetProperty("sha").GetString()!;
            if (!HubCache.IsCommitName(commit))
                throw new DownloadException($"{id}: the hub calls the commit '{commit}', which is none. Check HF_ENDPOINT.");
            var files = new List<HubFile>();
            foreach (JsonElement sibling in json.RootElement.GetProperty("siblings").EnumerateArray())
            {
                string name = sibling.GetProperty("rfilename").GetString()!;
                if (wanted(name))
                    files.Add(Describe(sibling, name) ?? await HeadAsync(id, commit, name, cancellationToken).ConfigureAwait(false));
            }

            return (commit, files);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DownloadException($"{id}: the hub's answer is not a list of files ({failure.Message}). Check HF_ENDPOINT.", failure);
        }
    }

    /// <summary>The bytes of a file from a place on. The caller checks whether the server did start there.</summary>
    public async Task<HttpResponseMessage> OpenAsync(HubId id, string commit, HubFile file, long from, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, FileAddress(id, commit, file.Name), from, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        Check(response, id, file.Name);
        return response;
    }

    public void Dispose() => _http.Dispose();

    private static string FileAddress(HubId id, string commit, string name) =>
        $"{id.Path}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";

    private static HubFile? Describe(JsonElement sibling, string name)
    {
        if (!sibling.TryGetProperty("size", out JsonElement size) || !size.TryGetInt64(out long bytes) || bytes < 0)
            return null;
        string? hash = sibling.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object
            && lfs.TryGetProperty("sha256", out JsonElement sha) ? sha.GetString()
            : sibling.TryGetProperty("blobId", out JsonElement blob) ? blob.GetString() : null;
        return IsHash(hash) ? new HubFile(name, bytes, hash!) : null;
    }

    /// <summary>Hubs that do not list hashes give them as ETags.</summary>
    private async Task<HubFile> HeadAsync(HubId id, string commit, string name, CancellationToken cancellationToken)
    {
        using var request = NewRequest(HttpMethod.Head, new Uri(_base, FileAddress(id, commit, name)), 0);
        using HttpResponseMessage response = await _http.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if ((int)response.StatusCode >= 400)
            Check(response, id, name);
        string? tag = Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag;
        string? size = Header(response, "X-Linked-Size") ?? $"{response.Content.Headers.ContentLength}";
        string hash = (tag ?? "").Trim('"');
        if (!IsHash(hash) || !long.TryParse(size, out long bytes) || bytes < 0)
            throw new DownloadException($"{id}: the hub gives no size and hash of {name}, so it could not be checked. Use a hub that does (HF_ENDPOINT).");
        return new HubFile(name, bytes, hash);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, long from, CancellationToken cancellationToken)
    {
        var address = new Uri(_base, path);
        for (int redirects = 0; ; redirects++)
        {
            using HttpRequestMessage request = NewRequest(method, address, from);
            HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } next)
                return response;
            response.Dispose();
            if (redirects == MaxRedirects)
                throw new DownloadException($"{path}: the hub forwards more than {MaxRedirects} times. Check HF_ENDPOINT.");
            address = new Uri(address, next);
        }
    }

    private HttpRequestMessage NewRequest(HttpMethod method, Uri address, long from)
    {
        var request = new HttpRequestMessage(method, address);
        if (_token is not null && address.Authority == _base.Authority && address.Scheme == _base.Scheme)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        return request;
    }

    private static void Check(HttpResponseMessage response, HubId id, string what)
    {
        if (response.IsSuccessStatusCode)
            return;
        int code = (int)response.StatusCode;
        response.Dispose();
        throw code switch
        {
            401 or 403 => new DownloadException($"{LocalModels.NotFound(id)} The hub refuses {what} ({code}). It does not exist, or it needs a token with access: set HF_TOKEN."),
            404 => new ModelNotFoundException($"{LocalModels.NotFound(id)} The hub has no such model or revision ({what}: 404). Check the spelling."),
            _ => new DownloadException($"{id}: the hub answers {code} for {what}. Try again later."),
        };
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    private static bool IsHash(string? hash) => hash is { Length: 40 or 64 } && hash.All(char.IsAsciiHexDigitLower);
}
