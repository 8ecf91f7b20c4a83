namespace Seriatim.Tensors;

/// <summary>A vector register of 512 bits, 0 to 31.</summary>
/// <param name="Number">Its number.</param>
internal readonly record struct Zmm(int Number);

/// <summary>A place in the code: bound once, named before or after.</summary>
internal sealed class CodeLabel
{
    /// <summary>Offset from the first byte; -1 until it is bound.</summary>
    public int Position { get; set; } = -1;
}

/// <summary>A place in memory: <c>base + index + offset</c>, or a label in the code itself.</summary>
internal readonly record struct CodeAddress
{
    /// <summary>Relative to one register or the sum of two.</summary>
    /// <param name="start">The base.</param>
    /// <param name="offset">Bytes behind it.</param>
    /// <param name="index">A second register; not the stack, which instructions cannot name there.</param>
    public CodeAddress(Gpr start, int offset = 0, Gpr? index = null)
    {
        if (index == Gpr.Rsp)
            throw new ArgumentException("rsp is no index; make it the base.", nameof(index));
        (Base, Offset, Index) = (start, offset, index);
    }

    /// <summary>A label.</summary>
    public CodeAddress(CodeLabel label) => Label = label;

    public Gpr Base { get; }

    public int Offset { get; }

    public Gpr? Index { get; }

    public CodeLabel? Label { get; }
}
