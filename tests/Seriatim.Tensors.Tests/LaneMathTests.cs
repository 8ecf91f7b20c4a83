namespace Seriatim.Tensors.Tests;

/// <summary>The errors that <see cref="LaneMath{T}"/> states, measured against double precision.</summary>
public sealed unsafe class LaneMathTests
{
    private delegate float Function(float x);

    [Fact]
    public void Exp_is_within_two_units_and_exact_at_its_ends()
    {
        Assert.True(WorstUnits(Exp, Math.Exp, -87.3f, 88.3f) <= 2);
        Assert.Equal(1f, Exp(0f));
        Assert.Equal(0f, Exp(float.NegativeInfinity));
        Assert.Equal(0f, Exp(-1000f));
        Assert.Equal(float.PositiveInfinity, Exp(89f));
        Assert.True(float.IsNaN(Exp(float.NaN)));
    }

    [Fact]
    public void Log_is_within_two_units() =>
        Assert.True(WorstUnits(LaneMath<Lanes512>.Log, Math.Log, 1e-6f, 1e6f, logarithmic: true) <= 2);

    [Fact]
    public void Exp2_is_within_two_units_and_exact_at_zero()
    {
        Assert.True(WorstUnits(Exp2, x => Math.Pow(2, x), -126f, 126.9f) <= 2);
        Assert.Equal(1f, Exp2(0f));
        Assert.Equal(0.5f, Exp2(-1f));
        Assert.Equal(Math.Pow(2, -126), Exp2(float.NegativeInfinity));
        Assert.True(float.IsNaN(Exp2(float.NaN)));
    }

    [Fact]
    public void LogOnePlus_is_within_four_units() =>
        Assert.True(WorstUnits(x => First(LaneMath<Lanes512>.LogOnePlus(Lanes512.Broadcast(x))),
            x => x < 1e-4 ? x * (1 - x * (0.5 - x * (1 / 3.0 - x / 4))) : Math.Log(1 + x), 1e-30f, 1f, logarithmic: true) <= 4);

    [Fact]
    public void Tanh_is_within_four_units() =>
        Assert.True(WorstUnits(x => First(LaneMath<Lanes512>.Tanh(Lanes512.Broadcast(x))), Math.Tanh, -9f, 9f) <= 4);

    [Fact]
    public void Erf_is_within_2e_7()
    {
        for (float x = -6; x < 6; x += 0.0013f)
        {
            // erf by its Taylor series in double up to 3, beyond that 1 within 3e-5 is refined by the complement's expansion.
            double expected = ErfDouble(x);
            Assert.True(Math.Abs(First(LaneMath<Lanes512>.Erf(Lanes512.Broadcast(x))) - expected) <= 2e-7, $"erf({x})");
        }
    }

    [Fact]
    public void All_widths_give_the_same_bits()
    {
        float* lanes = stackalloc float[48];
        for (float x = -95; x < 95; x += 0.37f)
        {
            Evaluate<Lanes512>(x, lanes);
            Evaluate<LanePair<Lanes256>>(x, lanes + 16);
            Evaluate<LanePair<LanePair<Lanes128>>>(x, lanes + 32);
            OpTableTests.SameBits(new ReadOnlySpan<float>(lanes, 16), new ReadOnlySpan<float>(lanes + 16, 16),
                $"256 bits at {x}");
            OpTableTests.SameBits(new ReadOnlySpan<float>(lanes, 16), new ReadOnlySpan<float>(lanes + 32, 16),
                $"128 bits at {x}");
        }
    }

    [Fact]
    public void Every_binary16_and_bfloat16_widens_exactly()
    {
        ushort* bits = stackalloc ushort[16];
        float* lanes = stackalloc float[16];
        for (int first = 0; first < 65536; first += 16)
        {
            for (int i = 0; i < 16; i++)
                bits[i] = (ushort)(first + i);
            for (int width = 0; width < 3; width++)
            {
                Widen(width, bits, lanes, half: true);
                for (int i = 0; i < 16; i++)
                {
                    float expected = (float)BitConverter.UInt16BitsToHalf(bits[i]);
                    Assert.True(expected.Equals(lanes[i]) && float.IsNegative(expected) == float.IsNegative(lanes[i]),
                        $"binary16 {bits[i]:X4}");
                }

                Widen(width, bits, lanes, half: false);
                for (int i = 0; i < 16; i++)
                    Assert.Equal((uint)bits[i] << 16, BitConverter.SingleToUInt32Bits(lanes[i]));
            }
        }
    }

    private static void Widen(int width, ushort* from, float* to, bool half)
    {
        switch (width)
        {
            case 0: Lanes512.Store(half ? Lanes512.LoadHalf(from) : Lanes512.LoadBFloat16(from), to); break;
            case 1:
                LanePair<Lanes256>.Store(half ? LanePair<Lanes256>.LoadHalf(from) : LanePair<Lanes256>.LoadBFloat16(from),
                to); break;
            default:
                LanePair<LanePair<Lanes128>>.Store(
                    half ? LanePair<LanePair<Lanes128>>.LoadHalf(from) : LanePair<LanePair<Lanes128>>.LoadBFloat16(from), to);
                break;
        }
    }

    private static void Evaluate<T>(float x, float* to)
        where T : struct, ILanes<T>
    {
        T lanes = T.Broadcast(x) + T.Broadcast(1.1f) * T.Count(0);
        T value = LaneMath<T>.Exp2(lanes) + LaneMath<T>.LogOnePlus(T.Min(lanes * lanes, T.Broadcast(1f)));
        value += LaneMath<T>.Exp(lanes) + LaneMath<T>.Tanh(lanes) * LaneMath<T>.Erf(lanes) - LaneMath<T>.Sigmoid(lanes);
        value += LaneMath<T>.Log(T.Max(lanes * lanes, T.Broadcast(1e-3f)));
        T.Store(value + T.Broadcast(T.Sum(value)) * T.Broadcast(T.MaxLane(lanes)), to);
    }

    private static float Exp(float x) => First(LaneMath<Lanes512>.Exp(Lanes512.Broadcast(x)));

    private static float Exp2(float x) => First(LaneMath<Lanes512>.Exp2(Lanes512.Broadcast(x)));

    private static float First(Lanes512 value) => Lanes512.MaxLane(value);

    private static double WorstUnits(Function f, Func<double, double> exact, float from, float to, bool logarithmic = false)
    {
        double worst = 0;
        const int Steps = 200_000;
        for (int i = 0; i <= Steps; i++)
        {
            float x = logarithmic ? from * MathF.Pow(to / from, (float)i / Steps) : from + (to - from) * i / Steps;
            double expected = exact(x);
            float unit = MathF.BitIncrement(MathF.Abs((float)expected)) - MathF.Abs((float)expected);
            worst = Math.Max(worst, Math.Abs(f(x) - expected) / unit);
        }

        return worst;
    }

    private static double ErfDouble(double x)
    {
        double term = x;
        double sum = x;
        for (int n = 1; n < 400 && Math.Abs(term) > 1e-20; n++)
        {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }

        return Math.Abs(x) > 4.5 ? Math.Sign(x) : sum * 2 / Math.Sqrt(Math.PI);
    }
}
