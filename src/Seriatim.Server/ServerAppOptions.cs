namespace Seriatim.Server;

/// <summary>What an app that is nothing but the server needs beside the server's own options.</summary>
internal sealed record ServerAppOptions
{
    /// <summary>Where it listens: an address or name.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>At which port; 0: at one that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>
    /// Most connections at the same time; one more is closed at once. Null: what the
    /// system's limit of open files leaves room for.
    /// </summary>
    public int? MaxConnections { get; init; }

    /// <summary>Web pages that may ask it, by their origin; <c>*</c>: all.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>How long what runs may go on when the app is asked to stop.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Least level of what is logged.</summary>
    public Microsoft.Extensions.Logging.LogLevel LogLevel { get; init; } = Microsoft.Extensions.Logging.LogLevel.Information;

    /// <summary>Whether logs are a JSON object a line.</summary>
    public bool LogsJson { get; init; }

    /// <summary>Where it listens, if that was taken before; null: it takes it when it starts.</summary>
    public ListenPlaces? Places { get; init; }
}
