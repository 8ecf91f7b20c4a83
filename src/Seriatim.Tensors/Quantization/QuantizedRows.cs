using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// Activations quantised for products with blocks: 32 values of a row share <c>d = max|x| / 127</c> in F32, and a code is
/// <c>x · (127 / max|x|)</c> rounded to even. Each row for itself; one quantisation serves every weight that reads the rows, whatever
/// its format.
/// </summary>
/// <remarks>
/// Rows lie in tiles of 6, the last one of 1, 2, 4 or 6 with zeros. A block with a value that is not finite has a d that is not finite
/// either, so the row's results are NaN. A block smaller than 1e-36 counts as zeros.
/// </remarks>
internal sealed unsafe class QuantizedRows : IDisposable
{
    public const int MaxTileRows = 6;

    private readonly Tensor _codes;
    private readonly Tensor _scales;
    private readonly Tensor _sums;
    private readonly List<(int Shift, int GroupValues, Tensor Starts)> _starts = [];
    private readonly List<(int GroupValues, Tensor Sums)> _scaledSums = [];

    public QuantizedRows(WorkerTeam team, Tensor x)
    {
        (Rows, Columns) = (x.Rows, x.Columns);
        Tiles = (Rows + MaxTileRows - 1) / MaxTileRows;
        _codes = Tensor.Create(Tiles * MaxTileRows, Columns / 4);
        _scales = Tensor.Create(Tiles * MaxTileRows, Columns / 32);
        _sums = Tensor.Create(Tiles * MaxTileRows, Columns / 16, DataType.I32);
        var work = new Work { X = x.Floats, Rows = this };
        team.Run(Tiles, ref work, 8L * Rows * Columns);
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Tiles { get; }

    /// <summary>Rows of a tile, filled up: 1, 2, 4 or 6.</summary>
    public int TileRows(int tile) => Math.Min(MaxTileRows, Rows - tile * MaxTileRows) switch { 1 => 1, 2 => 2, 3 or 4 => 4, _ => 6 };

    /// <summary>Makes what products with a format need. Call before the tiles are read from several threads.</summary>
    /// <param name="facts">The format.</param>
    /// <param name="offset">What the instruction takes from each code.</param>
    public (Tensor Starts, Tensor? Sums) For(BlockFacts facts, int offset)
    {
        int shift = offset - facts.Bias;
        Tensor? starts = _starts.Find(s => s.Shift == shift && s.GroupValues == facts.GroupValues).Starts;
        if (starts is null)
            _starts.Add((shift, facts.GroupValues, starts = MakeStarts(shift, facts.GroupValues)));
        if (!facts.HasMinimums)
            return (starts, null);
        Tensor? sums = _scaledSums.Find(s => s.GroupValues == facts.GroupValues).Sums;
        if (sums is null)
            _scaledSums.Add((facts.GroupValues, sums = MakeSums(facts.GroupValues)));
        return (starts, sums);
    }

    /// <summary>A tile from one input on.</summary>
    public TileRows Tile(int tile, int firstInput, int groupValues, Tensor starts, Tensor? sums)
    {
        int rows = TileRows(tile);
        long first = (long)tile * MaxTileRows;
        long group = first * Columns / groupValues + (long)firstInput / groupValues * rows;
        return new TileRows
        {
            Codes = (sbyte*)_codes.Floats + first * Columns + (long)firstInput * rows,
            Scales = _scales.Floats + first * Columns / 32 + (long)firstInput / 32 * rows,
            Starts = (int*)starts.Data + group,
            Sums = sums is null ? null : sums.Floats + group,
        };
    }

    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
        _sums.Dispose();
        foreach (var entry in _starts)
            entry.Starts.Dispose();
        foreach (var entry in _scaledSums)
            entry.Sums.Dispose();
    }

    private Tensor MakeStarts(int shift, int groupValues)
    {
        Tensor starts = Tensor.Create(Tiles * MaxTileRows, Columns / groupValues, DataType.I32);
        int* to = (int*)starts.Data;
        for (int tile = 0; tile < Tiles; tile++)
        {
            for (int i = 0; i < TileRows(tile) * (Columns / groupValues); i++)
                to[(long)tile * MaxTileRows * (Columns / groupValues) + i] = shift * Sum(tile, i, groupValues);
        }

        return starts;
    }

    private Tensor MakeSums(int groupValues)
    {
        Tensor sums = Tensor.Create(Tiles * MaxTileRows, Columns / groupValues);
        for (int tile = 0; tile < Tiles; tile++)
        {
            int rows = TileRows(tile);
            float* to = sums.Floats + (long)tile * MaxTileRows * (Columns / groupValues);
            float* scales = _scales.Floats + (long)tile * MaxTileRows * (Columns / 32);
            for (int i = 0; i < rows * (Columns / groupValues); i++)
                to[i] = scales[i / rows * groupValues / 32 * rows + i % rows] * Sum(tile, i, groupValues);
        }

        return sums;
    }

    /// <summary>The sum of codes of entry i of <c>[groups][rows]</c>.</summary>
    private int Sum(int tile, int i, int groupValues)
    {
        int* sums = (int*)_sums.Data + (long)tile * MaxTileRows * (Columns / 16);
        if (groupValues == 16)
            return sums[i];
        int rows = TileRows(tile);
        int at = i / rows * 2 * rows + i % rows;
        return sums[at] + sums[at + rows];
    }

    private struct Work : IWork
    {
        public float* X;
        public QuantizedRows Rows;

        public readonly void Do(int piece, int worker)
        {
            int tileRows = Rows.TileRows(piece);
            long first = (long)piece * MaxTileRows;
            sbyte* codes = (sbyte*)Rows._codes.Floats + first * Rows.Columns;
            float* scales = Rows._scales.Floats + first * Rows.Columns / 32;
            int* sums = (int*)Rows._sums.Data + first * Rows.Columns / 16;
            for (int row = 0; row < tileRows; row++)
            {
                bool real = first + row < Rows.Rows;
                float* x = X + (first + row) * Rows.Columns;
                for (int block = 0; block < Rows.Columns / 32; block++)
                {
                    int* to = (int*)codes + block * 8 * tileRows + row;
                    int* sum = sums + block * 2 * tileRows + row;
                    if (real)
                    {
                        scales[block * tileRows + row] = Block(x + block * 32, to, sum, tileRows);
                        continue;
                    }

                    for (int i = 0; i < 8; i++)
                        to[i * tileRows] = 0;
                    (scales[block * tileRows + row], sum[0], sum[tileRows]) = (0, 0, 0);
                }
            }
        }

        /// <summary>Quantises 32 values: codes of 4 every <paramref name="stride"/> words, two sums of 16; returns d.</summary>
        private static float Block(float* x, int* codes, int* sums, int stride)
        {
            Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
            Vector256<float> largest = Vector256.Max(
                Vector256.Max(Vector256.Abs(a), Vector256.Abs(b)), Vector256.Max(Vector256.Abs(c), Vector256.Abs(d)));
            Vector128<float> four = Vector128.Max(largest.GetLower(), largest.GetUpper());
            float most = MathF.Max(MathF.Max(four[0], four[2]), MathF.Max(four[1], four[3]));
            float scale = most / 127;
            float inverse = most > 1e-36f && float.IsFinite(most) ? 127 / most : 0;
            Vector256<int> ia = Round(a, inverse), ib = Round(b, inverse), ic = Round(c, inverse), id = Round(d, inverse);
            sums[0] = Vector256.Sum(ia + ib);
            sums[stride] = Vector256.Sum(ic + id);
            Vector256<sbyte> bytes = Vector256.Narrow(Vector256.Narrow(ia, ib), Vector256.Narrow(ic, id));
            Vector256<int> words = bytes.AsInt32();
            for (int i = 0; i < 8; i++)
                codes[i * stride] = words[i];
            return inverse == 0 && float.IsFinite(most) ? 0 : scale;
        }

        private static Vector256<int> Round(Vector256<float> x, float inverse) => inverse == 0
            ? Vector256<int>.Zero
            : Vector256.ConvertToInt32(Vector256.Round(x * Vector256.Create(inverse)));
    }
}
