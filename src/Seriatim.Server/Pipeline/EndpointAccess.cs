namespace Seriatim.Server;

/// <summary>Who may ask an endpoint, and what it costs.</summary>
internal enum EndpointAccess
{
    /// <summary>Anybody, also while the server stops: health, metrics.</summary>
    Open,

    /// <summary>Whoever has a key.</summary>
    Key,

    /// <summary>Whoever has a key, within its limits, as long as the server takes requests.</summary>
    Generating,
}
