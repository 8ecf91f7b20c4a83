using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Seriatim.Web.Calls;

/// <summary>Where the server's API is: the page asks it over HTTP as everybody else does, so its keys and limits hold.</summary>
/// <param name="server">The server that runs the page.</param>
/// <param name="options">May name another address.</param>
public sealed class ServerAddress(IServer server, SeriatimPageOptions options) : IDisposable
{
    private readonly HttpMessageHandler _handler = new SocketsHttpHandler { UseProxy = false, UseCookies = false };
    private Uri? _address;

    /// <summary>The address, once the server listens.</summary>
    public Uri Address => _address ??= options.ApiAddress ?? Listening();

    /// <summary>A client with a key; null: without.</summary>
    /// <param name="key">The key.</param>
    public HttpClient Client(string? key)
    {
        var client = new HttpClient(_handler, disposeHandler: false)
        {
            BaseAddress = Address,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (key is { Length: > 0 })
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }

    /// <summary>Whether the server knows a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<bool> IsKeyAsync(string key, CancellationToken cancellationToken = default)
    {
        // What cannot stand in a header is no key.
        if (key.Any(c => c is <= ' ' or > '~'))
            return false;
        using HttpClient client = Client(key);
        using HttpResponseMessage answer = await client.GetAsync("v1/models", cancellationToken).ConfigureAwait(false);
        return answer.IsSuccessStatusCode;
    }

    /// <inheritdoc/>
    public void Dispose() => _handler.Dispose();

    private Uri Listening()
    {
        ICollection<string> addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        string address = addresses.FirstOrDefault() ?? throw new InvalidOperationException(
            $"The server says nowhere at which address it listens; set {nameof(SeriatimPageOptions.ApiAddress)}.");
        foreach (string all in (string[])["//*", "//+", "//0.0.0.0", "//[::]"])
            address = address.Replace(all, "//127.0.0.1", StringComparison.Ordinal);
        return new Uri(address.TrimEnd('/') + "/");
    }
}
