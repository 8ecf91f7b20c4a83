namespace Seriatim.Generation;

/// <summary>A host is draining or was stopped: it gives out nothing more.</summary>
public sealed class HostStoppedException : GenerationException
{
    internal HostStoppedException(string what, bool isStopped)
        : base(isStopped
            ? $"{what} was asked of a host that was stopped. Make another one."
            : $"{what} was asked of a host that is draining: what runs ends, and nothing new begins.")
    {
    }
}
