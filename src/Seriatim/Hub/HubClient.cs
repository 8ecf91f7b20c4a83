using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Polly;
using Polly.Retry;

namespace Seriatim;

/// <summary>The hub's HTTP interface: what a revision holds, and the bytes of a file from some place on.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MaxRedirects = 5;

    private readonly ModelHubOptions _options;
    private readonly ResiliencePipeline<HttpResponseMessage> _retries;
    private readonly HttpClient _http;
    private readonly Uri _base;
    private readonly string? _token;

    /// <param name="options">Places and limits.</param>
    /// <param name="pausing">Told of each pause before a request is sent again.</param>
    public HubClient(ModelHubOptions options, Action<TimeSpan>? pausing = null)
    {
        _options = options;
        _retries = Retries(options, pausing);
        // Without the slash at its end, the last part of a mirror's path would be replaced instead of continued.
        _base = options.Base.AbsoluteUri.EndsWith('/') ? options.Base : new Uri(options.Base.AbsoluteUri + "/");
        _token = options.BearerToken;

        // Redirects are followed by hand: the token is for the hub, not for the stores it forwards to.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = options.Timeout })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("seriatim", "0.1"));
    }

    /// <summary>The commit of a revision and those of its files that are wanted.</summary>
    public async Task<(string Commit, IReadOnlyList<HubFile> Files)> ListAsync(HubId id,
        Func<IReadOnlyCollection<string>, IReadOnlyList<string>> wanted, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await SendAsync(
            HttpMethod.Get, $"api/models/{id.Path}/revision/{Uri.EscapeDataString(id.Revision)}?blobs=true", 0,
            cancellationToken).ConfigureAwait(false);
        Check(response, id, "the model");
        try
        {
            using JsonDocument json = await Limited(async token =>
            {
                using Stream body = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
                return await JsonDocument.ParseAsync(body, default, token).ConfigureAwait(false);
            }, cancellationToken).ConfigureAwait(false);
            string commit = json.RootElement.GetProperty("sha").GetString()!;
            if (!HubCache.IsCommitName(commit))
                throw new DownloadException($"{id}: the hub calls the commit '{commit}', which is none. Check HF_ENDPOINT.");
            var files = new List<HubFile>();
            Dictionary<string, JsonElement> siblings = json.RootElement.GetProperty("siblings").EnumerateArray()
                .ToDictionary(sibling => sibling.GetProperty("rfilename").GetString()!);
            foreach (string name in wanted(siblings.Keys))
            {
                files.Add(Describe(siblings[name], name)
                    ?? await HeadAsync(id, commit, name, cancellationToken).ConfigureAwait(false));
            }

            return (commit, files);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DownloadException($"{id}: the hub's answer is not a list of files ({failure.Message}). Check HF_ENDPOINT.",
                failure);
        }
    }

    /// <summary>The bytes of a file from a place on. The caller checks whether the server did start there.</summary>
    public async Task<HttpResponseMessage> OpenAsync(HubId id, string commit, HubFile file, long from,
        CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await SendAsync(HttpMethod.Get, FileAddress(id, commit, file.Name), from,
            cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return response;
        Check(response, id, file.Name);
        return response;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Runs a step of the network with a limit of its own.</summary>
    public async Task<T> Limited<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Timeout);
        try
        {
            return await step(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {_options.Timeout.TotalSeconds} s");
        }
    }

    private static string FileAddress(HubId id, string commit, string name) =>
        $"{id.Path}/resolve/{commit}/{string.Join('/', name.Split('/').Select(Uri.EscapeDataString))}";

    /// <summary>
    /// A hub that is busy says so, and often for how long: it is asked again then, or after a pause that doubles.
    /// </summary>
    private static ResiliencePipeline<HttpResponseMessage> Retries(ModelHubOptions options, Action<TimeSpan>? pausing)
    {
        if (options.Retries <= 0)
            return ResiliencePipeline<HttpResponseMessage>.Empty;
        return new ResiliencePipelineBuilder<HttpResponseMessage>
        {
            TimeProvider = options.Clock,
        }.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
        {
            MaxRetryAttempts = options.Retries,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromSeconds(1),
            MaxDelay = TimeSpan.FromSeconds(30),
            ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome.Result is { } response && IsBusy(response)
                && PauseOf(response, options.Clock) is var pause && !(pause > options.LongestPause)),
            DelayGenerator = arguments =>
                ValueTask.FromResult(arguments.Outcome.Result is { } response ? PauseOf(response, options.Clock) : null),
            OnRetry = arguments =>
            {
                arguments.Outcome.Result?.Dispose();
                pausing?.Invoke(arguments.RetryDelay);
                return default;
            },
        }).Build();
    }

    private static bool IsBusy(HttpResponseMessage response) => (int)response.StatusCode is 408 or 429 or >= 500;

    /// <summary>The pause that the answer asks for.</summary>
    private static TimeSpan? PauseOf(HttpResponseMessage response, TimeProvider clock) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - clock.GetUtcNow() is var pause && pause > TimeSpan.Zero ? pause : TimeSpan.Zero,
        _ => null,
    };

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
        using HttpResponseMessage response = await SendOnceAsync(
            HttpMethod.Head, new Uri(_base, FileAddress(id, commit, name)), 0, cancellationToken).ConfigureAwait(false);
        if ((int)response.StatusCode >= 400)
            Check(response, id, name);
        string? tag = Header(response, "X-Linked-Etag") ?? response.Headers.ETag?.Tag;
        string? size = Header(response, "X-Linked-Size") ?? $"{response.Content.Headers.ContentLength}";
        string hash = (tag ?? "").Trim('"');
        if (!IsHash(hash) || !long.TryParse(size, out long bytes) || bytes < 0)
        {
            throw new DownloadException(
                $"{id}: the hub gives no size and hash of {name}, so it could not be checked. Use a hub that does "
                    + "(HF_ENDPOINT).");
        }
        return new HubFile(name, bytes, hash);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, long from,
        CancellationToken cancellationToken)
    {
        var address = new Uri(_base, path);
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await SendOnceAsync(method, address, from, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode is < 300 or >= 400 || response.Headers.Location is not { } next)
                return response;
            response.Dispose();
            if (redirects == MaxRedirects)
                throw new DownloadException($"{path}: the hub forwards more than {MaxRedirects} times. Check HF_ENDPOINT.");
            address = new Uri(address, next);
        }
    }

    /// <summary>One address, asked again while it is busy.</summary>
    private ValueTask<HttpResponseMessage> SendOnceAsync(HttpMethod method, Uri address, long from,
        CancellationToken cancellationToken) =>
        _retries.ExecuteAsync(async token => await Limited(async limited =>
        {
            using HttpRequestMessage request = NewRequest(method, address, from);
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limited).ConfigureAwait(false);
        }, token).ConfigureAwait(false), cancellationToken);

    private HttpRequestMessage NewRequest(HttpMethod method, Uri address, long from)
    {
        var request = new HttpRequestMessage(method, address);
        if (_token is not null && address.Authority == _base.Authority && address.Scheme == _base.Scheme)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        if (from > 0)
            request.Headers.Range = new RangeHeaderValue(from, null);
        return request;
    }

    private void Check(HttpResponseMessage response, HubId id, string what)
    {
        if (response.IsSuccessStatusCode)
            return;
        int code = (int)response.StatusCode;
        string again = PauseOf(response, _options.Clock) is { } pause && pause > _options.LongestPause
            ? $"and asks for a pause of {pause.TotalSeconds:0} s, more than the {_options.LongestPause.TotalSeconds:0} s that "
                + "are waited for"
            : $"after {_options.Retries} tries more";
        response.Dispose();
        throw code switch
        {
            401 or 403 =>
                new DownloadException($"{LocalModels.NotFound(id)} The hub refuses {what} ({code}). It does not exist, or it "
                    + "needs a token with access: set HF_TOKEN, or run hf auth login."),
            404 =>
                new ModelNotFoundException(
                    $"{LocalModels.NotFound(id)} The hub has no such model or revision ({what}: 404). Check the spelling."),
            408 or 429 or >= 500 =>
                new DownloadException(
                    $"{id}: the hub answers {code} for {what}, {again}. Try again later: it goes on from there."),
            _ => new DownloadException($"{id}: the hub answers {code} for {what}. Try again later."),
        };
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out IEnumerable<string>? values) ? values.First() : null;

    private static bool IsHash(string? hash) => hash is { Length: 40 or 64 } && hash.All(char.IsAsciiHexDigitLower);
}
