namespace Seriatim.Tensors;

/// <summary>Compares a kernel of <see cref="HalfCode"/> with a plain loop: every kind of binary16, all bits.</summary>
internal static unsafe class HalfCheck
{
    private const int Depth = 8;
    private const int Outputs = HalfCode.Outputs;

    /// <summary>Whether they agree.</summary>
    public static bool IsRight(int rows, nint kernel)
    {
        var random = new CheckNumbers(13);
        float[] a = random.Floats(Depth * rows), start = random.Floats(rows * Outputs), expected = [.. start];
        float[] c = new float[rows * Outputs];
        ushort[] b = new ushort[Depth * Outputs];
        for (int i = 0; i < b.Length; i++)
            b[i] = (ushort)(random.Next() & 0xBFFF); // finite, subnormal ones among them
        (b[0], b[1], b[2], b[3]) = (0x0001, 0x83FF, 0x8000, 0x7BFF);
        for (int k = 0; k < Depth; k++)
        {
            for (int row = 0; row < rows; row++)
            {
                for (int o = 0; o < Outputs; o++)
                {
                    float weight = SixteenBits.FromHalf(b[k * Outputs + o]);
                    ref float to = ref expected[row * Outputs + o];
                    to = MathF.FusedMultiplyAdd(a[k * rows + row], weight, to);
                }
            }
        }

        fixed (float* left = a, results = c, from = start)
        fixed (ushort* panel = b)
        {
            var call = new HalfCall
            {
                A = left,
                B = (byte*)panel,
                C = results,
                Stride = Outputs * sizeof(float),
                Depth = Depth,
                Start = from,
                StartStride = Outputs * sizeof(float),
            };
            ((delegate* unmanaged[SuppressGCTransition]<HalfCall*, void>)kernel)(&call);
        }

        return TileCheck.Same(expected, c);
    }

    /// <summary>Whether the kernel that only widens agrees, for every binary16 that is no NaN.</summary>
    public static bool Widens(nint kernel)
    {
        const int Count = 1 << 16;
        ushort[] halves = new ushort[Count];
        float[] expected = new float[Count], actual = new float[Count];
        for (int i = 0; i < Count; i++)
        {
            halves[i] = (ushort)((i & 0x7FFF) > 0x7C00 ? 0 : i);
            expected[i] = SixteenBits.FromHalf(halves[i]);
        }

        fixed (ushort* from = halves)
        fixed (float* to = actual)
        {
            var call = new HalfCall { B = (byte*)from, C = to, Depth = Count / 16 };
            ((delegate* unmanaged[SuppressGCTransition]<HalfCall*, void>)kernel)(&call);
        }

        return TileCheck.Same(expected, actual);
    }
}
