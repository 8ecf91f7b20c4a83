using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// The transcendental functions of all kernels, lane by lane, in one place: libraries differ between vector widths and
/// versions, these do not. Polynomials were fitted at Chebyshev nodes; the errors stated are measured by tests.
/// </summary>
internal static class LaneMath<T>
    where T : struct, ILanes<T>
{
    private const float RoundingMagic = 12582912f; // 1.5 * 2^23: adding it leaves the nearest integer in the low bits.
    private const float Log2E = 1.4426950408889634f;
    private const float Ln2High = 0.693115234375f; // 11 bits, so that n * Ln2High is exact
    private const float Ln2Low = 3.194618329871446e-05f;

    /// <summary>
    /// <c>e^x</c> within 2 units in the last place; exactly 1 at 0. Below -87.33, where results would
    /// not be normal numbers, 0; above 88.37, a third of a power of e before the format ends, infinity.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp(T x)
    {
        T clamped = T.Min(T.Broadcast(89f), x);
        T shifted = T.MultiplyAdd(clamped, T.Broadcast(Log2E), T.Broadcast(RoundingMagic));
        T n = shifted - T.Broadcast(RoundingMagic);
        T r = T.MultiplyAdd(n, T.Broadcast(-Ln2High), clamped);
        r = T.MultiplyAdd(n, T.Broadcast(-Ln2Low), r);
        T p = T.MultiplyAdd(T.Broadcast(0.0013926926767453551f), r, T.Broadcast(0.008363774046301842f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.04166654869914055f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.16666573286056519f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.5f));
        T value = T.MultiplyAdd(p, r * r, r) + T.Broadcast(1f);
        T power = T.AddBits(T.ShiftLeft(shifted, 23), T.Broadcast(1f));
        return T.Select(T.Less(x, T.Broadcast(-87.33f)), T.Broadcast(0f), value * power);
    }

    /// <summary>
    /// <c>2^x</c> for x up to 127 within 1.5 units in the last place; exactly 1 at 0. Below -126, where results would not be
    /// normal numbers, 2^-126. Two thirds of the work of <see cref="Exp(T)"/>, for kernels that do little else.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp2(T x)
    {
        T clamped = T.Max(T.Broadcast(-126f), x);
        T shifted = clamped + T.Broadcast(RoundingMagic);
        T r = clamped - (shifted - T.Broadcast(RoundingMagic));
        T p = T.MultiplyAdd(T.Broadcast(0.00015453163359779865f), r, T.Broadcast(0.0013390863314270973f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.009618083015084267f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.055503569543361664f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.24022650718688965f));
        p = T.MultiplyAdd(p, r, T.Broadcast(0.6931471824645996f));
        return T.AddBits(T.MultiplyAdd(p, r, T.Broadcast(1f)), T.ShiftLeft(shifted, 23));
    }

    /// <summary><c>1 / (1 + e^-x)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Sigmoid(T x) => T.Broadcast(1f) / (T.Broadcast(1f) + Exp(T.Broadcast(0f) - x));

    /// <summary>Hyperbolic tangent: an odd polynomial up to 0.625, <c>1 - 2 / (e^2x + 1)</c> beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh(T x)
    {
        T sign = T.And(x, T.Broadcast(-0f));
        T a = T.And(x, BitsOf(int.MaxValue));
        T square = x * x;
        T p = T.MultiplyAdd(T.Broadcast(0.0022149027790874243f), square, T.Broadcast(-0.00827245693653822f));
        p = T.MultiplyAdd(p, square, T.Broadcast(0.021746186539530754f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.053956348448991776f));
        p = T.MultiplyAdd(p, square, T.Broadcast(0.13333290815353394f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.3333333432674408f));
        T small = T.MultiplyAdd(p * square, x, x);
        T large = T.Broadcast(1f) - T.Broadcast(2f) / (Exp(a + a) + T.Broadcast(1f));
        return T.Select(T.Less(a, T.Broadcast(0.625f)), small, T.Or(large, sign));
    }

    /// <summary>The error function within 2e-7: an odd polynomial up to 1, <c>1 - e^-x² P(1 / (1 + 0.4 x))</c> beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Erf(T x)
    {
        T sign = T.And(x, T.Broadcast(-0f));
        T a = T.And(x, BitsOf(int.MaxValue));
        T square = x * x;
        T p = T.MultiplyAdd(T.Broadcast(7.875874871388078e-05f), square, T.Broadcast(-0.000801686430349946f));
        p = T.MultiplyAdd(p, square, T.Broadcast(0.005189087241888046f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.02685421146452427f));
        p = T.MultiplyAdd(p, square, T.Broadcast(0.11283594369888306f));
        p = T.MultiplyAdd(p, square, T.Broadcast(-0.3761262595653534f));
        p = T.MultiplyAdd(p, square, T.Broadcast(1.1283791065216064f));
        T t = T.Broadcast(1f) / T.MultiplyAdd(T.Broadcast(0.4f), T.Min(a, T.Broadcast(4.2f)), T.Broadcast(1f));
        T c = T.MultiplyAdd(T.Broadcast(-0.08482174575328827f), t, T.Broadcast(0.12757329642772675f));
        c = T.MultiplyAdd(c, t, T.Broadcast(0.1896010786294937f));
        c = T.MultiplyAdd(c, t, T.Broadcast(0.057485125958919525f));
        c = T.MultiplyAdd(c, t, T.Broadcast(0.27791303396224976f));
        c = T.MultiplyAdd(c, t, T.Broadcast(0.20281825959682465f));
        c = T.MultiplyAdd(c, t, T.Broadcast(0.22958490252494812f));
        c = T.MultiplyAdd(c, t, T.Broadcast(-0.00027829769533127546f));
        T large = T.Broadcast(1f) - Exp(T.Broadcast(0f) - square) * c;
        return T.Select(T.Less(a, T.Broadcast(1f)), p * x, T.Or(large, sign));
    }

    /// <summary>
    /// Natural logarithm of a positive normal number, within 2 units in the last place; infinity and NaN stay what they are.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Log(T x)
    {
        // x = m 2^e with m in [sqrt(1/2), sqrt(2)): the offset moves the border of the exponent from 1 to sqrt(2).
        T offset = BitsOf(0x3F3504F3);
        T e = T.ShiftRight(T.AddBits(x, BitsOf(-0x3F3504F3)), 23);
        T m = T.AddBits(T.And(T.AddBits(x, BitsOf(-0x3F3504F3)), BitsOf(0x007FFFFF)), offset);
        T f = m - T.Broadcast(1f);
        T p = T.MultiplyAdd(T.Broadcast(-0.07904195040464401f), f, T.Broadcast(0.12623970210552216f));
        p = T.MultiplyAdd(p, f, T.Broadcast(-0.1299842894077301f));
        p = T.MultiplyAdd(p, f, T.Broadcast(0.14214329421520233f));
        p = T.MultiplyAdd(p, f, T.Broadcast(-0.16641248762607574f));
        p = T.MultiplyAdd(p, f, T.Broadcast(0.2000104933977127f));
        p = T.MultiplyAdd(p, f, T.Broadcast(-0.25000306963920593f));
        p = T.MultiplyAdd(p, f, T.Broadcast(0.3333333134651184f));
        T square = f * f;
        T n = T.ToSingle(e);
        T tail = T.MultiplyAdd(n, T.Broadcast(Ln2Low), T.MultiplyAdd(p, square * f, T.Broadcast(-0.5f) * square));
        return T.Select(T.Less(x, T.Broadcast(float.PositiveInfinity)), T.MultiplyAdd(n, T.Broadcast(Ln2High), f + tail), x);
    }

    /// <summary>
    /// <c>log(1 + x)</c> for x from 0 to 1, as exact for small x as for large: what the sum 1 + x lost is put back as a factor
    /// (Goldberg, 1991: What Every Computer Scientist Should Know About Floating-Point Arithmetic, theorem 4).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T LogOnePlus(T x)
    {
        T one = T.Broadcast(1f), sum = one + x;
        return T.Select(T.Less(one, sum), Log(sum) * (x / (sum - one)), x);
    }

    /// <summary><see cref="Log(T)"/> of one number, with the bits that lanes give.</summary>
    public static float Log(float x) => T.MaxLane(Log(T.Broadcast(x)));

    /// <summary><see cref="Exp(T)"/> of one number, with the bits that lanes give.</summary>
    public static float Exp(float x) => T.MaxLane(Exp(T.Broadcast(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static T BitsOf(int bits) => T.Broadcast(BitConverter.Int32BitsToSingle(bits));
}
