namespace Seriatim.Tensors;

/// <summary>
/// One call of an op: its operands, and all there is to know about it. Recording, timing, tracing and running later follow from
/// this declaration, so an op is one file: this, its extension method on <see cref="IOps"/>, and its kernel.
/// </summary>
/// <remarks>
/// Calls are structs, so that calling one allocates nothing but its results. The driver (<see cref="DeviceOps"/>) asks
/// <see cref="Check"/>, makes the results, and has them filled: <see cref="Forward"/> on the CPU, <see cref="Reference"/>
/// by the oracle. Both must fill all of them.
/// </remarks>
internal interface IOpCall
{
    /// <summary>The name that errors and measurements use: that of the extension method.</summary>
    static abstract string Name { get; }

    /// <summary>What part of a Transformer the time of this call belongs to.</summary>
    OpPart Part { get; }

    /// <summary>Number of tensors it makes.</summary>
    int Results { get; }

    /// <summary>Shape of a result.</summary>
    (int Rows, int Columns) Shape(int result);

    /// <summary>Throws if the operands do not fit; looks at shapes and host operands, never at elements.</summary>
    /// <exception cref="ShapeMismatchException">A shape does not fit.</exception>
    void Check();

    /// <summary>Computes the results with lanes.</summary>
    void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>;

    /// <summary>Computes the results as the formula says: plain loops, sums in double.</summary>
    void Reference(ReadOnlySpan<Tensor> results);
}
