namespace Seriatim.Generation;

/// <summary>A host has less memory than a model or an engine needs: altogether, or as long as others are in use.</summary>
public sealed class HostMemoryException : GenerationException
{
    internal HostMemoryException(string what, long needed, long available, long budget, string advice)
        : base(FormattableString.Invariant($"{what} needs {needed:N0} bytes; ") + (needed > budget
            ? FormattableString.Invariant($"the host has {budget:N0} altogether. {advice}")
            : FormattableString.Invariant($"{available:N0} of the host's {budget:N0} are free. {advice}"))) =>
        (Needed, Available, Budget) = (needed, available, budget);

    /// <summary>Bytes that are needed.</summary>
    public long Needed { get; }

    /// <summary>Bytes that were free.</summary>
    public long Available { get; }

    /// <summary>Bytes that the host has altogether.</summary>
    public long Budget { get; }
}
