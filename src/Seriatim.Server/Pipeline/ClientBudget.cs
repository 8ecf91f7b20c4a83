using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Seriatim.Server;

/// <summary>
/// What a client may use and has used. Minutes are buckets that fill steadily: who has been quiet for a minute has a whole one.
/// </summary>
internal sealed class ClientBudget
{
    private readonly Lock _gate = new();
    private readonly int? _concurrency;
    private readonly MinuteBucket? _requests;
    private readonly MinuteBucket? _tokens;
    private int _running;

    private ClientBudget(ClientLimits limits, TimeProvider clock)
    {
        _concurrency = limits.Concurrency;
        _requests = limits.RequestsPerMinute is { } requests ? new MinuteBucket(requests, clock) : null;
        _tokens = limits.TokensPerMinute is { } tokens ? new MinuteBucket(tokens, clock) : null;
    }

    /// <summary>The budget of limits; null: there are none.</summary>
    public static ClientBudget? Of(ClientLimits limits, TimeProvider clock) =>
        limits is { RequestsPerMinute: null, TokensPerMinute: null, Concurrency: null } ? null : new(limits, clock);

    /// <summary>Begins a request.</summary>
    /// <exception cref="ApiException">It would be too many: 429, with the time after which it would not.</exception>
    public void Enter()
    {
        lock (_gate)
        {
            if (_running >= _concurrency)
            {
                throw Limited($"{_running} of your requests run, and {_concurrency} may at the same time. Wait for one to end.",
                    "requests", TimeSpan.FromSeconds(1));
            }

            if (_tokens is { IsEmpty: true })
            {
                throw Limited($"Your {_tokens.Limit} tokens a minute are used up.", "tokens", _tokens.TimeUntil(1));
            }

            if (_requests is { } requests && !requests.TryTake(1))
            {
                throw Limited($"Your {requests.Limit} requests a minute are used up.", "requests",
                    requests.TimeUntil(1));
            }

            _running++;
        }
    }

    public void Leave()
    {
        lock (_gate)
            _running--;
    }

    /// <summary>Counts tokens; a request that is under way may overdraw, and the next one waits for it.</summary>
    public void Count(int tokens)
    {
        lock (_gate)
            _tokens?.Take(tokens);
    }

    /// <summary>As OpenAI tells limits.</summary>
    public void Describe(IHeaderDictionary headers)
    {
        lock (_gate)
        {
            Describe(headers, "requests", _requests);
            Describe(headers, "tokens", _tokens);
        }
    }

    private static void Describe(IHeaderDictionary headers, string what, MinuteBucket? bucket)
    {
        if (bucket is null)
            return;
        headers[$"x-ratelimit-limit-{what}"] = bucket.Limit.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-remaining-{what}"] = bucket.Left.ToString(CultureInfo.InvariantCulture);
        headers[$"x-ratelimit-reset-{what}"] =
            FormattableString.Invariant($"{bucket.TimeUntil(bucket.Limit).TotalSeconds:0.###}s");
    }

    private static ApiException Limited(string message, string type, TimeSpan after) =>
        new(new ApiError(429, type, message, "rate_limit_exceeded") { RetryAfter = after });
}
