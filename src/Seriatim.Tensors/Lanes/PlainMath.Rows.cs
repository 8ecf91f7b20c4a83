namespace Seriatim.Tensors;

/// <content>Sums over a row, 16 lanes at a time.</content>
public static unsafe partial class PlainMath
{
    private const int RowLanes = 16;

    /// <summary>Values whose exponentials are added in F32 before they go on in doubles: 64 in each lane.</summary>
    private const int RowBlock = 64 * RowLanes;

    /// <summary>
    /// <c>Σ e^(values[i] - shift)</c>, within 3e-7 of it. Exponentials in F32 are added lane by lane for 1,024 values, those
    /// sums in doubles: the same bits with vectors of every width.
    /// </summary>
    /// <param name="values">Numbers; what is minus infinity counts 0, one that is NaN makes the sum NaN.</param>
    /// <param name="shift">Taken off each: the largest of them, so that nothing leaves the range.</param>
    public static double SumExp(ReadOnlySpan<float> values, float shift) => LaneWidths.Best switch
    {
        LaneWidth.Bits512 => SumExp<Lanes512>(values, shift),
        LaneWidth.Bits256 => SumExp<LanePair<Lanes256>>(values, shift),
        _ => SumExp<LanePair<LanePair<Lanes128>>>(values, shift),
    };

    /// <summary><see cref="SumExp(ReadOnlySpan{float}, float)"/> with vectors of one width.</summary>
    internal static double SumExp<T>(ReadOnlySpan<float> values, float shift)
        where T : struct, ILanes<T>
    {
        float* last = stackalloc float[RowLanes];
        new Span<float>(last, RowLanes).Fill(float.NegativeInfinity);
        int whole = values.Length / RowLanes * RowLanes;
        values[whole..].CopyTo(new Span<float>(last, RowLanes));
        double sum = 0;
        T shifts = T.Broadcast(shift);
        fixed (float* row = values)
        {
            for (int first = 0; first < whole; first += RowBlock)
            {
                T lanes = T.Broadcast(0f);
                for (int at = first; at < Math.Min(whole, first + RowBlock); at += RowLanes)
                    lanes += LaneMath<T>.Exp(T.Load(row + at) - shifts);
                sum += T.Sum(lanes);
            }
        }

        return whole == values.Length ? sum : sum + T.Sum(LaneMath<T>.Exp(T.Load(last) - shifts));
    }
}
