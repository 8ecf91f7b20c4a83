namespace Seriatim.Server;

/// <summary>What one client may use. Null: as much as there is.</summary>
public sealed record ClientLimits
{
    /// <summary>Requests in a minute.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>
    /// Tokens in a minute, read and written. A request counts its prompt when it begins and its output when it ends.
    /// </summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>Requests at the same time.</summary>
    public int? Concurrency { get; init; }

    internal void Check(string what)
    {
        foreach ((string name, int? value) in new[]
        {
            (nameof(RequestsPerMinute), RequestsPerMinute), (nameof(TokensPerMinute), TokensPerMinute),
            (nameof(Concurrency), Concurrency),
        })
        {
            if (value is < 1)
                throw new ServerConfigurationException($"{name} of {what} is {value}; 1 or more is allowed, or null for no "
                    + "limit.");
        }
    }
}
