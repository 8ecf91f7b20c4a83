using System.Numerics;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// Own functions of one double against integers of 1200 binary digits: the error that is stated, everywhere, and the edges.
/// </summary>
public sealed class PlainMathTests
{
    private const int Digits = 1200;
    private static readonly BigInteger One = BigInteger.One << Digits;
    private static readonly BigInteger Ln2 = 2 * Artanh(One / 3);
    private static readonly BigInteger Pi = 4 * (4 * Arctan(5) - Arctan(239));

    [Fact]
    public void Exponentials_are_right_to_half_a_unit()
    {
        double worst = 0;
        foreach (double x in Samples(3000, 708).Append(1e-9).Append(-1e-17).Append(0.0027).Append(709.7).Append(-708.3))
            worst = Math.Max(worst, Units(PlainMath.Exp(x), ExpOf(Fixed(x))));
        Assert.InRange(worst, 0.4, 0.51);
        Assert.Equal(1, PlainMath.Exp(0));
        Assert.Equal(double.PositiveInfinity, PlainMath.Exp(709.8));
        Assert.Equal(double.PositiveInfinity, PlainMath.Exp(double.PositiveInfinity));
        Assert.Equal(0, PlainMath.Exp(-746));
        Assert.Equal(0, PlainMath.Exp(double.NegativeInfinity));
        Assert.Equal(double.Epsilon, PlainMath.Exp(-744.5));
        Assert.True(double.IsNaN(PlainMath.Exp(double.NaN)));
    }

    /// <summary>Within what is said of the sum in doubles, and with the same bits whatever vectors there are.</summary>
    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 80)]
    [InlineData(3, 760)]
    public void A_row_of_exponentials_is_the_sum_of_each_on_every_width(int seed, double range)
    {
        var random = new Random(seed);
        for (int i = 0; i < 300; i++)
        {
            int length = i % 3 == 0 ? random.Next(1, 70) : random.Next(1, 5000);
            float[] row = [.. Enumerable.Range(0, length).Select(_ => (float)(-random.NextDouble() * range))];
            if (i % 5 == 0)
                row[random.Next(length)] = float.NegativeInfinity;
            float shift = row.Max();
            if (float.IsInfinity(shift))
                continue;
            double sum = PlainMath.SumExp(row, shift), plain = row.Sum(value => Math.Exp((double)value - shift));
            Assert.InRange(sum / plain, 1 - 3e-7, 1 + 3e-7);
            double[] all = [PlainMath.SumExp<LanePair<LanePair<Lanes128>>>(row, shift),
                PlainMath.SumExp<LanePair<Lanes256>>(row, shift), PlainMath.SumExp<Lanes512>(row, shift)];
            Assert.All(all, one => Assert.Equal(BitConverter.DoubleToInt64Bits(sum), BitConverter.DoubleToInt64Bits(one)));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(40)]
    public void What_is_no_number_is_seen_wherever_it_stands(int length)
    {
        for (int at = 0; at < length; at++)
        {
            float[] row = new float[length];
            row[at] = float.NaN;
            Assert.True(double.IsNaN(PlainMath.SumExp(row, 0)));
            row[at] = float.PositiveInfinity;
            Assert.False(double.IsFinite(PlainMath.SumExp(row, 0)));
            row[at] = float.NegativeInfinity;
            Assert.Equal(length - 1, PlainMath.SumExp(row, 0));
        }

        Assert.Equal(0, PlainMath.SumExp([], 1));
    }

    [Fact]
    public void Logarithms_are_right_to_half_a_unit()
    {
        double worst = 0;
        var random = new Random(2);
        foreach (double y in Samples(2000, 700))
            worst = Math.Max(worst, Units(PlainMath.Log(PlainMath.Exp(y)), LogOf(PlainMath.Exp(y))));
        for (int i = 0; i < 2000; i++)
        {
            double x = 1 + (random.NextDouble() - 0.5) * Math.ScaleB(1, -random.Next(40));
            worst = Math.Max(worst, Units(PlainMath.Log(x), LogOf(x)));
        }

        foreach (double x in (double[])[0.6875, 1.375, 63.0 / 64, 65.0 / 64, 0.5, 2, Math.BitDecrement(1), Math.BitIncrement(1)])
            worst = Math.Max(worst, Units(PlainMath.Log(x), LogOf(x)));
        Assert.InRange(worst, 0.4, 0.53);
        Assert.Equal(0, PlainMath.Log(1));
        Assert.Equal(double.NegativeInfinity, PlainMath.Log(0));
        Assert.Equal(double.PositiveInfinity, PlainMath.Log(double.PositiveInfinity));
        Assert.True(double.IsNaN(PlainMath.Log(-1)) && double.IsNaN(PlainMath.Log(double.NaN)));
        Assert.Equal(-744.4400719213812, PlainMath.Log(double.Epsilon));
    }

    [Fact]
    public void Powers_are_right_to_half_a_unit()
    {
        double worst = 0;
        var random = new Random(3);
        for (int i = 0; i < 2000; i++)
        {
            double x = PlainMath.Exp((random.NextDouble() - 0.5) * 40), y = (random.NextDouble() - 0.5) * 60;
            if (Math.Abs(y * PlainMath.Log(x)) < 700)
                worst = Math.Max(worst, Units(PlainMath.Pow(x, y), ExpOf(Fixed(y) * LogOf(x) >> Digits)));
        }

        Assert.InRange(worst, 0.4, 0.51);
        for (int n = -1022; n < 1024; n++)
            Assert.Equal(Math.ScaleB(1, n), PlainMath.Pow(2, n));
        for (int n = 0; n < 20; n++)
            Assert.Equal((double)BigInteger.Pow(10, n), PlainMath.Pow(10, n));
        Assert.Equal(0, PlainMath.Pow(0, 2));
        Assert.Equal(double.PositiveInfinity, PlainMath.Pow(0, -2));
        Assert.Equal(1, PlainMath.Pow(0, 0));
        Assert.Equal(1, PlainMath.Pow(double.NaN, 0));
        Assert.True(double.IsNaN(PlainMath.Pow(double.NaN, 1)) && double.IsNaN(PlainMath.Pow(2, double.NaN)));
        Assert.Equal(double.PositiveInfinity, PlainMath.Pow(1e300, 2));
        Assert.Equal(0, PlainMath.Pow(1e300, -2));
        Assert.Equal(0, PlainMath.Pow(0.5, double.PositiveInfinity));
        Assert.Throws<ArgumentOutOfRangeException>(() => PlainMath.Pow(-1, 2));
    }

    [Fact]
    public void Sines_and_cosines_are_right_to_two_thirds()
    {
        double worst = 0;
        var random = new Random(4);
        for (int i = 0; i < 4000; i++)
        {
            double x = (random.NextDouble() - 0.5) * Math.ScaleB(1, random.Next(-30, 51));
            (double sin, double cos) = PlainMath.SinCos(x);
            (BigInteger exactSin, BigInteger exactCos) = SinCosOf(x);
            worst = Math.Max(worst, Math.Max(Units(sin, exactSin), Units(cos, exactCos)));
        }

        // Numbers that lie close to multiples of a quarter turn.
        foreach (double x in (double[])[Math.PI / 2, Math.PI, 1e6 * Math.PI, 355, 103993, 5419351, 245850922, 411557987])
        {
            (double sin, double cos) = PlainMath.SinCos(x);
            (BigInteger exactSin, BigInteger exactCos) = SinCosOf(x);
            worst = Math.Max(worst, Math.Max(Units(sin, exactSin), Units(cos, exactCos)));
        }

        Assert.InRange(worst, 0.4, 0.66);
        Assert.Equal((0, 1), PlainMath.SinCos(0));
        Assert.True(double.IsNaN(PlainMath.SinCos(double.PositiveInfinity).Sin));
        Assert.Throws<ArgumentOutOfRangeException>(() => PlainMath.SinCos(1e16));
    }

    /// <summary>What depends on the last bit of a function is the same on all machines; these are the bits.</summary>
    [Fact]
    public void The_bits_are_these()
    {
        ulong hash = 14695981039346656037;
        foreach (double x in Samples(1000, 600))
        {
            double a = Math.Abs(x);
            double[] all = [PlainMath.Exp(x), PlainMath.Log(a), PlainMath.Pow(a, 0.37), PlainMath.SinCos(x).Sin];
            foreach (double value in all)
                hash = (hash ^ BitConverter.DoubleToUInt64Bits(value)) * 1099511628211;
        }

        Assert.Equal("E74F5DA8D1246FD0", $"{hash:X16}");
    }

    private static IEnumerable<double> Samples(int count, double range)
    {
        var random = new Random(1);
        for (int i = 0; i < count; i++)
            yield return (2 * random.NextDouble() - 1) * (i % 2 == 0 ? range : 1);
    }

    /// <summary>The error in units of the last place of what was computed.</summary>
    private static double Units(double actual, BigInteger exact)
    {
        double unit = Math.BitIncrement(Math.Abs(actual)) - Math.Abs(actual);
        BigInteger difference = BigInteger.Abs(Fixed(actual) - exact) << 64;
        return (double)(difference / BigInteger.Max(1, Fixed(unit))) / Math.ScaleB(1, 64);
    }

    /// <summary>All doubles, exactly.</summary>
    private static BigInteger Fixed(double x)
    {
        long bits = BitConverter.DoubleToInt64Bits(x);
        int exponent = (int)(bits >> 52 & 2047);
        BigInteger m = (bits & 0xF_FFFF_FFFF_FFFF) | (exponent == 0 ? 0 : 1L << 52);
        int shift = Digits + Math.Max(exponent, 1) - 1075;
        m = shift >= 0 ? m << shift : m >> -shift;
        return x < 0 ? -m : m;
    }

    private static BigInteger ExpOf(BigInteger x)
    {
        BigInteger k = BigInteger.Divide(x, Ln2);
        BigInteger r = x - k * Ln2, sum = One, term = One;
        for (int n = 1; !term.IsZero && n < 400; n++)
        {
            term = (term * r >> Digits) / n;
            sum += term;
        }

        return (int)k >= 0 ? sum << (int)k : sum >> -(int)k;
    }

    private static BigInteger LogOf(double x)
    {
        int exponent = Math.ILogB(x);
        BigInteger m = Fixed(Math.ScaleB(x, -exponent));
        return exponent * Ln2 + 2 * Artanh(((m - One) << Digits) / (m + One));
    }

    private static (BigInteger Sin, BigInteger Cos) SinCosOf(double x)
    {
        BigInteger angle = Fixed(x) % (2 * Pi);
        (BigInteger sin, BigInteger cos, BigInteger term) = (0, 0, One);
        for (int n = 0; !term.IsZero && n < 800; n++)
        {
            if (n % 2 == 0)
                cos += n % 4 == 0 ? term : -term;
            else
                sin += n % 4 == 1 ? term : -term;
            term = (term * angle >> Digits) / (n + 1);
        }

        return (sin, cos);
    }

    private static BigInteger Artanh(BigInteger s)
    {
        BigInteger square = s * s >> Digits, sum = s, power = s;
        for (int n = 3; !power.IsZero && n < 2000; n += 2)
        {
            power = power * square >> Digits;
            sum += power / n;
            if (BigInteger.Abs(power) <= 1)
                break;
        }

        return sum;
    }

    private static BigInteger Arctan(int inverse)
    {
        BigInteger power = One / inverse, sum = power;
        for (int n = 3; !power.IsZero; n += 2)
        {
            power /= inverse * inverse;
            sum += n % 4 == 1 ? power / n : -(power / n);
        }

        return sum;
    }
}
