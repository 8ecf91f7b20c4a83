namespace Seriatim.Tensors;

/// <summary>Changes one, two or three arrays by a fourth, in 16 lanes, for <see cref="UpdateKernel{T, TFunction}"/>.</summary>
internal interface IUpdateFunction<T>
    where T : struct, ILanes<T>
{
    /// <summary>How many arrays are changed: the values, the first and the second state.</summary>
    static abstract int Changed { get; }

    /// <summary>Changes one element of each.</summary>
    void Change(T from, ref T values, ref T first, ref T second);
}

/// <summary>Changes arrays of one length in place, element by element, in memory order.</summary>
internal unsafe struct UpdateKernel<T, TFunction> : IWork
    where T : struct, ILanes<T>
    where TFunction : struct, IUpdateFunction<T>
{
    public float* From;
    public float* Values;
    public float* First;
    public float* Second;
    public long Length;
    public TFunction Function;

    public static void Run(WorkerTeam team, TFunction function, Tensor from, Tensor values, Tensor? first = null,
        Tensor? second = null)
    {
        var work = new UpdateKernel<T, TFunction>
        {
            From = from.Floats,
            Values = values.Floats,
            First = (first ?? values).Floats,
            Second = (second ?? values).Floats,
            Length = values.Length,
            Function = function,
        };
        team.Run(checked((int)((values.Length + UpdatePieces.Length - 1) / UpdatePieces.Length)), ref work);
    }

    public readonly void Do(int piece, int worker)
    {
        long end = Math.Min(Length, (piece + 1L) * UpdatePieces.Length);
        long i = (long)piece * UpdatePieces.Length;
        for (; i + 16 <= end; i += 16)
        {
            // Whole lanes apart from the rest, which needs memory on the stack and so is no part of this loop.
            T values = T.Load(Values + i);
            T first = TFunction.Changed > 1 ? T.Load(First + i) : values;
            T second = TFunction.Changed > 2 ? T.Load(Second + i) : values;
            Function.Change(T.Load(From + i), ref values, ref first, ref second);
            T.Store(values, Values + i);
            if (TFunction.Changed > 1)
                T.Store(first, First + i);
            if (TFunction.Changed > 2)
                T.Store(second, Second + i);
        }

        if (i < end)
            Rest(i, (int)(end - i));
    }

    private readonly void Rest(long i, int count)
    {
        T from = RowKernel.Load<T>(From + i, count);
        T values = RowKernel.Load<T>(Values + i, count);
        T first = TFunction.Changed > 1 ? RowKernel.Load<T>(First + i, count) : values;
        T second = TFunction.Changed > 2 ? RowKernel.Load<T>(Second + i, count) : values;
        Function.Change(from, ref values, ref first, ref second);
        RowKernel.Store(values, Values + i, count);
        if (TFunction.Changed > 1)
            RowKernel.Store(first, First + i, count);
        if (TFunction.Changed > 2)
            RowKernel.Store(second, Second + i, count);
    }
}

/// <summary>The pieces of work that goes through all parameters.</summary>
internal static class UpdatePieces
{
    /// <summary>
    /// Elements of a piece: small enough for the second cache with gradient and moments, large enough to be worth a thread.
    /// Part of the order of sums, so a constant.
    /// </summary>
    public const int Length = 1 << 15;
}
