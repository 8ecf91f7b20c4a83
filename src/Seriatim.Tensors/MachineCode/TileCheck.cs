using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>Compares a kernel of <see cref="TileCode"/> with a plain loop: two tiles, 64 inputs, all bits.</summary>
internal static unsafe class TileCheck
{
    private const int Tiles = 2;
    private const int Groups32 = 2;
    private const int Lanes = PanelChunk.Outputs;

    /// <summary>Whether they agree.</summary>
    public static bool IsRight(TileShape shape, nint kernel)
    {
        var random = new CheckNumbers(11);
        int rows = shape.Rows, groups = Groups32 * (shape.Halves ? 2 : 1);
        Panel[] panels = [Panel.New(random, groups), Panel.New(random, groups)];
        byte[] x = random.Bytes(Tiles * Groups32 * 32 * rows);
        float[] factors = random.Floats(Tiles * Groups32 * rows), sums = random.Floats(Tiles * groups * rows);
        int[] starts = random.Integers(Tiles * groups * rows);
        float[] y = random.Floats(Tiles * rows * Lanes), z = random.Floats(Tiles * rows * Lanes);
        float[] expected = [.. y], second = [.. z];
        for (int tile = 0; tile < Tiles; tile++)
        {
            for (int group = 0; group < groups; group++)
            {
                int at = (tile * groups + group) * rows;
                int factor = (tile * Groups32 + group * Groups32 / groups) * rows;
                for (int row = 0; row < rows; row++)
                {
                    var operand = new Operand(
                        x.AsSpan(tile * Groups32 * 32 * rows), rows, row, starts[at + row], factors[factor + row],
                        sums[at + row]);
                    Add(shape, panels[0], group, groups, operand, expected.AsSpan((tile * rows + row) * Lanes));
                    Add(shape, panels[1], group, groups, operand, second.AsSpan((tile * rows + row) * Lanes));
                }
            }
        }

        fixed (byte* rowCodes = x, codes = panels[0].Codes, otherCodes = panels[1].Codes)
        fixed (float* scales = panels[0].Scales, otherScales = panels[1].Scales, rowFactors = factors, rowSums = sums)
        fixed (float* minimums = panels[0].Minimums, otherMinimums = panels[1].Minimums, to = y, other = z)
        fixed (int* rowStarts = starts)
        {
            var call = new TileCall
            {
                Codes = codes,
                Scales = scales,
                Minimums = minimums,
                SecondCodes = otherCodes,
                SecondScales = otherScales,
                SecondMinimums = otherMinimums,
                X = (sbyte*)rowCodes,
                Factors = rowFactors,
                Starts = rowStarts,
                Sums = rowSums,
                Y = to,
                Z = other,
                Tiles = Tiles,
                Groups32 = Groups32,
                Soon = codes,
            };
            ((delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)kernel)(&call);
        }

        return Same(expected, y) && (shape.Panels == 1 || Same(second, z));
    }

    /// <summary>Whether all bits are the same.</summary>
    public static bool Same(ReadOnlySpan<float> a, ReadOnlySpan<float> b) =>
        MemoryMarshal.AsBytes(a).SequenceEqual(MemoryMarshal.AsBytes(b));

    private static void Add(TileShape shape, Panel panel, int group, int groups, in Operand x, Span<float> y)
    {
        int inputs = Groups32 * 32 / groups;
        for (int lane = 0; lane < Lanes; lane++)
        {
            int sum = x.Start;
            for (int i = group * inputs; i < (group + 1) * inputs; i++)
                sum += panel.Codes[i / 4 * 4 * Lanes + lane * 4 + i % 4] * x.Code(i);
            int at = group * Lanes + lane;
            y[lane] = MathF.FusedMultiplyAdd(panel.Scales[at] * x.Factor, sum, y[lane]);
            if (shape.Minimums)
                y[lane] = MathF.FusedMultiplyAdd(panel.Minimums[at], x.Sum, y[lane]);
        }
    }

    private sealed class Panel(byte[] codes, float[] scales, float[] minimums)
    {
        public readonly byte[] Codes = codes;
        public readonly float[] Scales = scales, Minimums = minimums;

        public static Panel New(CheckNumbers random, int groups) =>
            new(random.Bytes(Groups32 * 32 * Lanes), random.Floats(groups * Lanes), random.Floats(groups * Lanes));
    }

    /// <summary>One row of a tile in one group.</summary>
    private readonly ref struct Operand(ReadOnlySpan<byte> codes, int rows, int row, int start, float factor, float sum)
    {
        private readonly ReadOnlySpan<byte> _codes = codes;

        public readonly int Start = start;
        public readonly float Factor = factor, Sum = sum;

        public int Code(int input) => (sbyte)_codes[(input / 4 * rows + row) * 4 + input % 4];
    }
}
