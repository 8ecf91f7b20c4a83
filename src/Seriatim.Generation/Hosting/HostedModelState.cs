namespace Seriatim.Generation;

/// <summary>How far a model of a host is.</summary>
public enum HostedModelState
{
    /// <summary>It is not in memory.</summary>
    Unloaded,

    /// <summary>It is being opened, or waits for room.</summary>
    Opening,

    /// <summary>It serves requests.</summary>
    Ready,

    /// <summary>It is being unloaded, as soon as its last requests have ended.</summary>
    Closing,
}
