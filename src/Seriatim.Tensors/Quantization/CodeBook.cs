using System.Numerics;

namespace Seriatim.Tensors;

/// <summary>
/// A code book: vectors of 4 or 8 codes that a format may use, known by their index. Where signs are apart from the book, a code
/// has its sign in bit 3.
/// </summary>
internal sealed unsafe class CodeBook
{
    /// <summary>Bit 3 of each of 8 bytes where the byte has a bit.</summary>
    private static readonly ulong[] SignCodes = [.. Enumerable.Range(0, 256).Select(SpreadSigns)];

    private readonly ulong[] _points;
    private readonly float[] _levels;
    private readonly int _digits;
    private readonly Lazy<ushort[]> _nearest;

    /// <summary>Opens a book.</summary>
    /// <param name="points">One of <see cref="CodeBookPoints"/>.</param>
    /// <param name="width">Values of a point: 4 or 8.</param>
    /// <param name="levels">What the digits stand for, ascending.</param>
    public CodeBook(string points, int width, ReadOnlySpan<float> levels)
    {
        (Width, _levels, _digits) = (width, levels.ToArray(), levels.Length);
        byte[] bits = Convert.FromBase64String(points);
        var found = new List<ulong>();
        int all = (int)BigInteger.Pow(_digits, width);
        for (int number = 0; number < all; number++)
        {
            if ((bits[number / 8] >> (number % 8) & 1) != 0)
                found.Add(Codes(number));
        }

        _points = [.. found];
        _nearest = new Lazy<ushort[]>(() => FindNearest(all));
    }

    /// <summary>Values of a point.</summary>
    public int Width { get; }

    /// <summary>How many points there are.</summary>
    public int Count => _points.Length;

    /// <summary>The codes of a point, a byte each, the first value lowest.</summary>
    public ulong this[int index] => _points[index];

    /// <summary>Bit 3 of the codes whose signs are set.</summary>
    public static ulong Signs(int signs) => SignCodes[signs];

    /// <summary>The 8 signs of 7 bits: their number is even.</summary>
    public static int EvenSigns(int seven) => seven | ((BitOperations.PopCount((uint)seven) & 1) << 7);

    /// <summary>The signs in bit 3 of 8 codes.</summary>
    public static int SignsOf(byte* codes)
    {
        int signs = 0;
        for (int i = 0; i < 8; i++)
            signs |= ((codes[i] >> 3) & 1) << i;
        return signs;
    }

    /// <summary>The index of a point, whatever the signs; it must be one of the book.</summary>
    public int IndexOf(byte* codes) => _nearest.Value[Number(codes)];

    /// <summary>The point nearest to values in units of the levels, each value rounded first.</summary>
    /// <param name="values">As many as a point has.</param>
    /// <param name="codes">Takes the codes.</param>
    /// <returns>The squared error.</returns>
    public double Nearest(ReadOnlySpan<float> values, byte* codes)
    {
        for (int i = 0; i < Width; i++)
            codes[i] = (byte)NearestLevel(values[i]);
        ulong point = _points[_nearest.Value[Number(codes)]];
        double error = 0;
        for (int i = 0; i < Width; i++)
        {
            codes[i] = (byte)(point >> (8 * i));
            double difference = values[i] - _levels[codes[i]];
            error += difference * difference;
        }

        return error;
    }

    /// <summary>As <see cref="Nearest"/> with signs apart from the book, 8 for each 8 values.</summary>
    /// <param name="values">8 values in units of the levels.</param>
    /// <param name="even">Whether the number of signs must be even: then the smallest value may be turned.</param>
    /// <param name="codes">Takes the codes.</param>
    /// <returns>The squared error.</returns>
    public double NearestSigned(ReadOnlySpan<float> values, bool even, byte* codes)
    {
        Span<float> magnitudes = stackalloc float[8];
        (int signs, int smallest) = (0, 0);
        for (int i = 0; i < 8; i++)
        {
            magnitudes[i] = MathF.Abs(values[i]);
            signs |= values[i] < 0 ? 1 << i : 0;
            if (magnitudes[i] < magnitudes[smallest])
                smallest = i;
        }

        if (even && (BitOperations.PopCount((uint)signs) & 1) != 0)
        {
            signs ^= 1 << smallest;
            magnitudes[smallest] = -magnitudes[smallest];
        }

        double error = 0;
        for (int first = 0; first < 8; first += Width)
            error += Nearest(magnitudes[first..], codes + first);
        for (int i = 0; i < 8; i++)
            codes[i] |= (byte)((signs >> i & 1) << 3);
        return error;
    }

    private static ulong SpreadSigns(int signs)
    {
        ulong codes = 0;
        for (int i = 0; i < 8; i++)
            codes |= (ulong)(signs >> i & 1) << (8 * i + 3);
        return codes;
    }

    private ulong Codes(int number)
    {
        ulong codes = 0;
        for (int i = 0; i < Width; i++, number /= _digits)
            codes |= (ulong)(number % _digits) << (8 * i);
        return codes;
    }

    private int Number(byte* codes)
    {
        int number = 0;
        for (int i = Width - 1; i >= 0; i--)
            number = number * _digits + (codes[i] & 7);
        return number;
    }

    private int NearestLevel(float value)
    {
        int code = 0;
        while (code + 1 < _digits && value > (_levels[code] + _levels[code + 1]) / 2)
            code++;
        return code;
    }

    private ushort[] FindNearest(int all)
    {
        ushort[] nearest = new ushort[all];
        Parallel.For(0, all, number =>
        {
            ulong wanted = Codes(number);
            float least = float.PositiveInfinity;
            for (int index = 0; index < _points.Length; index++)
            {
                float error = 0;
                for (int shift = 0; shift < 8 * Width; shift += 8)
                {
                    float difference = _levels[(byte)(wanted >> shift)] - _levels[(byte)(_points[index] >> shift)];
                    error += difference * difference;
                }

                if (error < least)
                    (least, nearest[number]) = (error, (ushort)index);
            }
        });
        return nearest;
    }
}
