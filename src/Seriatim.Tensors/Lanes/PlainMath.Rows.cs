using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <content>
/// Exponentials of a row, several at a time: the same operations in the same order, so each has the bits of the one alone.
/// </content>
public static partial class PlainMath
{
    private const int RowLanes = 8;

    /// <summary>Above it <c>e^x</c> is no subnormal number, and a power of two scales it exactly.</summary>
    private const double LeastPlain = -707;

    /// <summary>Below it <c>e^x</c> is surely finite.</summary>
    private const double MostPlain = 709;

    /// <summary>1.5 x 2^52: added to a whole number, the lowest bits of the sum are that number.</summary>
    private const double WholeNumbers = 6755399441055744;

    /// <summary>
    /// <c>Σ e^(values[i] - shift)</c>, added one after another in the order of the values; each has the bits of
    /// <see cref="Exp(double)"/>.
    /// </summary>
    /// <param name="values">Numbers.</param>
    /// <param name="shift">Taken off each, in doubles: as a rule the largest of them.</param>
    public static double SumExp(ReadOnlySpan<float> values, double shift)
    {
        double sum = 0;
        int at = 0;
        Vector256<double> shifts = Vector256.Create(shift);
        for (; at + RowLanes <= values.Length; at += RowLanes)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.Create(values.Slice(at, RowLanes)));
            (low, high) = (low - shifts, high - shifts);
            if (!ArePlain(low) || !ArePlain(high))
            {
                for (int i = at; i < at + RowLanes; i++)
                    sum += Exp(values[i] - shift);
                continue;
            }

            (low, high) = (ExpPlain(low), ExpPlain(high));
            sum = sum + low[0] + low[1] + low[2] + low[3];
            sum = sum + high[0] + high[1] + high[2] + high[3];
        }

        for (; at < values.Length; at++)
            sum += Exp(values[at] - shift);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool ArePlain(Vector256<double> x) => Vector256.GreaterThanAll(x, Vector256.Create(LeastPlain))
        && Vector256.LessThanAll(x, Vector256.Create(MostPlain));

    /// <summary><see cref="Exp(double, double)"/> without rest, step by step.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> ExpPlain(Vector256<double> x)
    {
        Vector256<double> k = Vector256.Round(x * StepsPerLn2);
        Vector256<double> r = Vector256.FusedMultiplyAdd(-k, Vector256.Create(Ln2High / Steps), x);
        Vector256<double> low = Vector256.FusedMultiplyAdd(-k, Vector256.Create(Ln2Low / Steps), Vector256<double>.Zero);
        Vector256<double> sum = r + low;
        low += r - sum;
        Vector256<double> p = Vector256.Create(1.0 / 720);
        p = Vector256.FusedMultiplyAdd(p, sum, Vector256.Create(1.0 / 120));
        p = Vector256.FusedMultiplyAdd(p, sum, Vector256.Create(1.0 / 24));
        p = Vector256.FusedMultiplyAdd(p, sum, Vector256.Create(1.0 / 6));
        p = Vector256.FusedMultiplyAdd(p, sum, Vector256.Create(0.5));
        Vector256<long> bits = (k + Vector256.Create(WholeNumbers)).AsInt64();
        (Vector256<double> powerHigh, Vector256<double> powerLow) = PowersAt(bits & Vector256.Create(Steps - 1L));
        Vector256<double> tail = sum + Vector256.FusedMultiplyAdd(sum * sum, p, low);
        Vector256<double> value = powerHigh + Vector256.FusedMultiplyAdd(powerHigh, tail, powerLow);

        // 2^(k / 128): what is above the exponent's bits is shifted out.
        Vector256<long> scale = Vector256.ShiftLeft(Vector256.ShiftRightLogical(bits, 7), 52) + Vector256.Create(1023L << 52);
        return value * scale.AsDouble();
    }

    /// <summary>Both parts of four entries of the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> High, Vector256<double> Low) PowersAt(Vector256<long> index)
    {
        // High and low part lie side by side, and no index is beyond the table: its lowest bits are all it has.
        ref double table = ref Unsafe.As<DoublePair, double>(ref MemoryMarshal.GetArrayDataReference(Powers));
        Vector128<double> a = Vector128.LoadUnsafe(ref table, 2 * (nuint)index[0]),
            b = Vector128.LoadUnsafe(ref table, 2 * (nuint)index[1]);
        Vector128<double> c = Vector128.LoadUnsafe(ref table, 2 * (nuint)index[2]),
            d = Vector128.LoadUnsafe(ref table, 2 * (nuint)index[3]);
        if (!Avx.IsSupported)
            return (Vector256.Create(a[0], b[0], c[0], d[0]), Vector256.Create(a[1], b[1], c[1], d[1]));
        (Vector256<double> even, Vector256<double> odd) = (Vector256.Create(a, c), Vector256.Create(b, d));
        return (Avx.UnpackLow(even, odd), Avx.UnpackHigh(even, odd));
    }
}
