using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Transcendental functions of one double, for what is computed once a row or less: rotary angles, routers, sampling. The runtime
/// takes these from the C library of the machine, whose last bit is its own affair; here they are made of operations that IEEE
/// 754 rounds in one way, so that all machines have the same bits. Kernels have <see cref="LaneMath{T}"/>.
/// </summary>
/// <remarks>
/// Largest errors in units in the last place, as tests measure them: exp and pow 0.51, log 0.53, sin and cos 0.66. Tables and
/// splittings are made at the start, in pairs of doubles (<see cref="DoublePair"/>); the method of tables is that of Tang (1989,
/// 1990).
/// </remarks>
public static unsafe partial class PlainMath
{
    private const int Steps = 128;
    private const double StepsPerLn2 = 184.6649652337873; // 128 / ln 2
    private const double Ln2High = 0.6931471805598903; // 42 bits, so that multiples of it are exact
    private const double Ln2Low = 5.497923018708371e-14; // the rest
    private const double HalfPi1 = 1.5707963267948966, HalfPi2 = 6.123233995736766e-17, HalfPi3 = -1.4973849048591698e-33;
    private const double TwoOverPi = 0.6366197723675814;

    /// <summary>Angles whose rest a double can still hold.</summary>
    private const double LargestAngle = 1L << 50;

    private static readonly DoublePair Third = new DoublePair(1, 0) / new DoublePair(3, 0);
    private static readonly DoublePair[] Powers =
        [.. Enumerable.Range(0, Steps).Select(i => DoublePair.Exp(DoublePair.Ln2 * (i / (double)Steps)))];

    private static readonly (double Inverse, double High, double Low)[] Logarithms =
        [.. Enumerable.Range(0, Steps).Select(LogarithmOf)];

    /// <summary><c>e^x</c>; 0 and infinity beyond the range of doubles.</summary>
    public static double Exp(double x) => Exp(x, 0);

    /// <summary>Natural logarithm; negative infinity at 0, NaN below.</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || x == double.PositiveInfinity)
            return x == 0 ? double.NegativeInfinity : x > 0 ? x : double.NaN;
        int exponent = 0;
        if (x < 2.2250738585072014e-308)
            (x, exponent) = (x * (1L << 54), -54);
        double r = x - 1;
        return exponent == 0 && Math.Abs(r) < 1.0 / 64 ? LogNearOne(r) : LogByTable(x, exponent);
    }

    /// <summary><c>x^y</c> of an x that is not negative.</summary>
    /// <exception cref="ArgumentOutOfRangeException">x is negative.</exception>
    public static double Pow(double x, double y)
    {
        if (x < 0)
            throw new ArgumentOutOfRangeException(nameof(x), x, "Powers of negative numbers are not here; 0 or more is needed.");
        if (y == 0 || x == 1)
            return 1;
        if (double.IsNaN(x) || double.IsNaN(y))
            return double.NaN;
        if (x == 0 || double.IsInfinity(x) || double.IsInfinity(y))
            return (x > 1) == (y > 0) ? double.PositiveInfinity : 0;
        DoublePair power = LogPair(x) * y;
        if (double.IsFinite(power.High + power.Low))
            return Exp(power.High, power.Low);
        return power.High > 0 ? double.PositiveInfinity : 0;
    }

    /// <summary>Sine and cosine of an angle in radians.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The angle is beyond 2^50, where neighbouring numbers are half a turn
    /// apart.</exception>
    public static (double Sin, double Cos) SinCos(double x)
    {
        if (!double.IsFinite(x))
            return (double.NaN, double.NaN);
        if (Math.Abs(x) > LargestAngle)
            throw new ArgumentOutOfRangeException(nameof(x), x, "Angles beyond 2^50 have no sine worth the name.");
        double quarters = Math.Round(x * TwoOverPi);
        DoublePair r = DoublePair.Sum(x, 0) - DoublePair.Product(quarters, HalfPi1) - DoublePair.Product(quarters, HalfPi2)
            - DoublePair.Product(quarters, HalfPi3);
        DoublePair square = DoublePair.Product(r.High, r.High);
        double sin = SmallSin(r, square.High), cos = SmallCos(r, square);
        return ((long)quarters & 3) switch
        {
            0 => (sin, cos),
            1 => (cos, -sin),
            2 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary><c>e^(x + rest)</c>: a power of 2^(1/128) from the table times a short polynomial.</summary>
    private static double Exp(double x, double rest)
    {
        if (!(x > -746 && x < 710))
            return double.IsNaN(x) ? x : x > 0 ? double.PositiveInfinity : 0;
        double k = Math.Round(x * StepsPerLn2);
        double r = Math.FusedMultiplyAdd(-k, Ln2High / Steps, x);
        double low = Math.FusedMultiplyAdd(-k, Ln2Low / Steps, rest);
        double sum = r + low;
        low += r - sum;
        double p = Polynomial(sum, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5);
        DoublePair power = Powers[(int)k & (Steps - 1)];
        double value = power.High + Math.FusedMultiplyAdd(power.High, sum + Math.FusedMultiplyAdd(sum * sum, p, low), power.Low);
        return Math.ScaleB(value, (int)k >> 7);
    }

    /// <summary><c>log(1 + r)</c> for |r| up to 1/64: its first two terms exactly.</summary>
    private static double LogNearOne(double r)
    {
        DoublePair square = DoublePair.Product(r, r);
        DoublePair sum = DoublePair.Sum(r, -0.5 * square.High);
        double p = Polynomial(r, 1.0 / 11, -1.0 / 10, 1.0 / 9, -1.0 / 8, 1.0 / 7, -1.0 / 6, 1.0 / 5, -1.0 / 4, 1.0 / 3);
        return sum.High + (sum.Low + Math.FusedMultiplyAdd(square.High * r, p, -0.5 * square.Low));
    }

    private static double LogByTable(double x, int exponent)
    {
        exponent += Split(x, out double m, out int interval);
        (double inverse, double high, double low) = Logarithms[interval];
        double r = Math.FusedMultiplyAdd(m, inverse, -1);
        DoublePair sum = DoublePair.Sum(Math.FusedMultiplyAdd(exponent, Ln2High, high), r);
        double rest = sum.Low + Math.FusedMultiplyAdd(exponent, Ln2Low, low);
        double p = Polynomial(r, 1.0 / 7, -1.0 / 6, 1.0 / 5, -1.0 / 4, 1.0 / 3, -0.5);
        return sum.High + Math.FusedMultiplyAdd(r * r, p, rest);
    }

    /// <summary>The logarithm of a positive finite number to some 80 digits of binary.</summary>
    private static DoublePair LogPair(double x)
    {
        int exponent = x < 2.2250738585072014e-308 ? -54 : 0;
        exponent += Split(exponent == 0 ? x : x * (1L << 54), out double m, out int interval);
        bool near = exponent == 0 && Math.Abs(m - 1) < 1.0 / 64;
        (double inverse, double high, double low) = near ? (1, 0, 0) : Logarithms[interval];
        DoublePair product = DoublePair.Product(m, inverse), r = DoublePair.Sum(product.High - 1, product.Low), square = r * r;
        double tail = Polynomial(
            r.High, -1.0 / 12, 1.0 / 11, -1.0 / 10, 1.0 / 9, -1.0 / 8, 1.0 / 7, -1.0 / 6, 1.0 / 5, -1.0 / 4);
        DoublePair sum = square * r * Third + new DoublePair(square.High * square.High * tail, 0);
        sum = r + (square * -0.5 + sum);
        return near ? sum : DoublePair.Ln2 * exponent + DoublePair.Sum(high, low) + sum;
    }

    /// <summary><c>x = m 2^e</c> with m in [0.6875, 1.375), and which of 128 intervals m is in; returns e.</summary>
    private static int Split(double x, out double m, out int interval)
    {
        long bits = BitConverter.DoubleToInt64Bits(x), offset = bits - BitConverter.DoubleToInt64Bits(0.6875);
        m = BitConverter.Int64BitsToDouble(bits - (offset & ~0xF_FFFF_FFFF_FFFF));
        interval = (int)(offset >> 45) & (Steps - 1);
        return (int)(offset >> 52);
    }

    /// <summary>
    /// For the middle of an interval: a number close to its inverse, and the logarithm of that inverse's inverse in two parts.
    /// </summary>
    private static (double Inverse, double High, double Low) LogarithmOf(int interval)
    {
        long bits = BitConverter.DoubleToInt64Bits(0.6875) + ((long)interval << 45) + (1L << 44);
        double inverse = 1 / BitConverter.Int64BitsToDouble(bits);
        DoublePair log = DoublePair.Log(new DoublePair(inverse, 0)) * -1;
        // Multiples of 2^-42, as those of Ln2High are, so that their sum is exact.
        double high = Math.Round(log.High * (1L << 42)) / (1L << 42);
        return (inverse, high, log.High - high + log.Low);
    }

    private static double SmallSin(DoublePair r, double square)
    {
        double p = Polynomial(
            square, -1.0 / 121645100408832000, 1.0 / 355687428096000, -1.0 / 1307674368000, 1.0 / 6227020800, -1.0 / 39916800,
            1.0 / 362880, -1.0 / 5040, 1.0 / 120, -1.0 / 6);
        double tail = Math.FusedMultiplyAdd(r.Low, 1 - 0.5 * square, r.High * square * p);
        return r.High + tail;
    }

    private static double SmallCos(DoublePair r, DoublePair square)
    {
        double p = Polynomial(
            square.High, -1.0 / 6402373705728000, 1.0 / 20922789888000, -1.0 / 87178291200, 1.0 / 479001600, -1.0 / 3628800,
            1.0 / 40320, -1.0 / 720, 1.0 / 24);
        DoublePair sum = DoublePair.Sum(1, -0.5 * square.High);
        double rest = Math.FusedMultiplyAdd(square.High * square.High, p, -0.5 * square.Low - r.High * r.Low);
        return sum.High + (sum.Low + rest);
    }

    /// <summary>The highest power first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Polynomial(double x, params ReadOnlySpan<double> coefficients)
    {
        double sum = coefficients[0];
        for (int i = 1; i < coefficients.Length; i++)
            sum = Math.FusedMultiplyAdd(sum, x, coefficients[i]);
        return sum;
    }
}
