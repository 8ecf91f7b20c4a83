using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Seriatim.Server;

/// <summary>
/// The keys. What a client shows is compared with all of them, by hash and in constant time, so that neither time nor order tells
/// anything of a key.
/// </summary>
internal sealed class ApiKeys
{
    private readonly (byte[] Hash, ApiClient Client)[] _keys;
    private readonly ApiClient _anybody;

    public ApiKeys(SeriatimServerOptions options, TimeProvider clock)
    {
        _keys = [.. options.ApiKeys.Index().Select(key =>
        {
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(key.Item.Key));
            ClientBudget? budget = ClientBudget.Of(key.Item.Limits ?? options.Limits, clock);
            string name = key.Item.Name ?? $"key {key.Index + 1}";
            return (hash, new ApiClient(name, Convert.ToHexString(hash), key.Item.Priority, budget));
        })];
        if (_keys.DistinctBy(key => Convert.ToHexString(key.Hash)).Count() < _keys.Length)
            throw new ServerConfigurationException("An API key is given twice; give each once.");
        _anybody = new ApiClient("anybody", "", 0, ClientBudget.Of(options.Limits, clock));
    }

    /// <summary>Whose key a request shows.</summary>
    /// <exception cref="ApiException">It shows none, or one that is not known.</exception>
    public ApiClient Find(HttpRequest request) => Find(Shown(request));

    /// <summary>Whose key it is.</summary>
    /// <param name="shown">What was shown; null: nothing.</param>
    /// <exception cref="ApiException">None was shown where one is needed, or one that is not known.</exception>
    public ApiClient Find(string? shown)
    {
        if (_keys.Length == 0)
            return _anybody;
        if (shown is null)
        {
            throw Refused("An API key is needed: send the header \"Authorization: Bearer KEY\".");
        }

        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(shown));
        ApiClient? client = null;
        foreach ((byte[] own, ApiClient owner) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(own, hash))
                client = owner;
        }

        return client ?? throw Refused("The API key is not known here.");
    }

    /// <summary>As OpenAI's clients send it, or as Anthropic's do.</summary>
    private static string? Shown(HttpRequest request)
    {
        const string Bearer = "Bearer ";
        return request.Headers.Authorization is [{ } header] && header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? header[Bearer.Length..].Trim()
            : request.Headers["x-api-key"] is [{ Length: > 0 } key] ? key : null;
    }

    private static ApiException Refused(string message) =>
        new(new ApiError(401, "authentication_error", message, "invalid_api_key"));
}
