namespace Seriatim.Tensors;

/// <summary>
/// Which elements of a matrix dropout keeps (Srivastava et al., 2014): each with probability <c>1 - rate</c>, and then multiplied
/// by <c>1 / (1 - rate)</c>. Element (row, column) follows from (key, row, column) alone, so nothing is stored for the backward
/// pass and nothing depends on threads or the width of the lanes.
/// </summary>
/// <param name="Rate">Probability of an element to become 0, from 0 (nothing is dropped) to below 1.</param>
/// <param name="Key">Names the mask: another key, another mask.</param>
public readonly record struct DropoutMask(float Rate, ulong Key)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    /// <summary>Nothing is dropped.</summary>
    public bool IsNone => Rate == 0;

    /// <summary>What a kept element is multiplied by.</summary>
    public float Factor => 1 / (1 - Rate);

    /// <summary>Random numbers below this are dropped; they are whole numbers below 2^24.</summary>
    internal float Threshold => MathF.Ceiling(Rate * (1 << 24));

    /// <summary>A mask that follows from this one's key and a number.</summary>
    /// <param name="number">Layer, site or step.</param>
    public DropoutMask At(ulong number) => this with { Key = Mix(Key + (number + 1) * Golden) };

    /// <summary>What element (row, column) is multiplied by: 0 or <see cref="Factor"/>.</summary>
    /// <param name="row">Row, from 0.</param>
    /// <param name="column">Column, from 0 to below 2^24.</param>
    public float FactorOf(long row, int column)
    {
        if (IsNone)
            return 1;
        (int first, int second) = RowKeys(row);
        uint x = BitConverter.SingleToUInt32Bits(column) ^ (uint)first;
        x = (x ^ (x >> 16)) * Multiplier1;
        x = ((x ^ (x >> 15)) + (uint)second) * Multiplier2;
        x = (x ^ (x >> 16)) * Multiplier1;
        return x >> 8 < Threshold ? 0 : Factor;
    }

    /// <summary>As <see cref="FactorOf"/>, for 16 columns from <paramref name="firstColumn"/> on.</summary>
    internal static T Factors<T>(in DropoutLanes<T> mask, (int First, int Second) row, int firstColumn)
        where T : struct, ILanes<T>
    {
        // The bits of the column as F32 serve as well as the column.
        T x = T.Xor(T.Count(firstColumn), T.BroadcastBits(row.First));
        x = T.MultiplyBits(T.Xor(x, T.ShiftRightUnsigned(x, 16)), mask.Multiplier1);
        x = T.MultiplyBits(T.AddBits(T.Xor(x, T.ShiftRightUnsigned(x, 15)), T.BroadcastBits(row.Second)), mask.Multiplier2);
        x = T.MultiplyBits(T.Xor(x, T.ShiftRightUnsigned(x, 16)), mask.Multiplier1);
        T number = T.ToSingle(T.ShiftRightUnsigned(x, 8));
        return T.Select(T.Less(number, mask.Threshold), T.Broadcast(0f), mask.Factor);
    }

    /// <summary>The two keys of a row.</summary>
    internal (int First, int Second) RowKeys(long row)
    {
        ulong bits = Mix(Key + ((ulong)row + 1) * Golden);
        return ((int)bits, (int)(bits >> 32));
    }

    internal const uint Multiplier1 = 0x7FEB352D, Multiplier2 = 0x846CA68B;

    /// <summary>The finalizer of SplitMix64 (Steele et al., 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

/// <summary>The constants of a <see cref="DropoutMask"/> in lanes.</summary>
internal readonly struct DropoutLanes<T>(DropoutMask mask)
    where T : struct, ILanes<T>
{
    public readonly T Multiplier1 = T.BroadcastBits(unchecked((int)DropoutMask.Multiplier1));
    public readonly T Multiplier2 = T.BroadcastBits(unchecked((int)DropoutMask.Multiplier2));
    public readonly T Threshold = T.Broadcast(mask.Threshold);
    public readonly T Factor = T.Broadcast(mask.Factor);
}
