using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// Activations quantised for products with blocks: 32 values of a row share <c>d = max|x| / 127</c> in F32, and a code is
/// <c>x · (127 / max|x|)</c> rounded to even. Each row for itself; one quantisation serves every weight that reads the rows, whatever
/// its format.
/// </summary>
/// <remarks>
/// Rows lie in tiles of 6, the last one of 1, 2, 4 or 6 with zeros; all tiles of the first 256 inputs, then of the next, so that a product
/// that holds a chunk of weights walks through memory without jumps. A block with a value that is not finite has a d that is not finite
/// either, so the row's results are NaN. A block smaller than 1e-36 counts as zeros.
/// </remarks>
internal sealed unsafe class QuantizedRows : IDisposable
{
    public const int MaxTileRows = 6;

    /// <summary>The largest magnitude of a code.</summary>
    public const int MaxCode = 127;

    private readonly WorkerTeam _team;
    private readonly int _filled;
    private readonly Tensor _codes;
    private readonly Tensor _scales;
    private readonly Tensor _sums;
    private readonly List<Operands> _operands = [];

    public QuantizedRows(WorkerTeam team, Tensor x)
    {
        (_team, Rows, Columns) = (team, x.Rows, x.Columns);
        Tiles = (Rows + MaxTileRows - 1) / MaxTileRows;
        _filled = Tiles == 0 ? 0 : (Tiles - 1) * MaxTileRows + TileRows(Tiles - 1);
        _codes = Tensor.Create(_filled, Columns / 4);
        _scales = Tensor.Create(_filled, Columns / 32);
        _sums = Tensor.Create(_filled, Columns / 16, DataType.I32);
        var work = new QuantizeWork { X = x.Floats, Rows = this };
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
    public Operands For(BlockFacts facts, int offset)
    {
        int shift = offset - facts.Bias;
        foreach (Operands made in _operands)
        {
            if (made.Shift == shift && made.GroupValues == facts.GroupValues && (made.Sums is not null || !facts.HasMinimums))
                return made;
        }

        var operands = new Operands(
            shift, facts.GroupValues, Tensor.Create(_filled, Columns / facts.GroupValues, DataType.I32),
            facts.HasMinimums ? Tensor.Create(_filled, Columns / facts.GroupValues) : null);
        _operands.Add(operands);
        var work = new OperandsWork { Rows = this, Operands = operands };
        _team.Run(Tiles, ref work, (long)Rows * Columns / facts.GroupValues);
        return operands;
    }

    /// <summary>One chunk of a tile.</summary>
    public void Tile(int tile, int firstInput, Operands operands, out TileRows rows)
    {
        long at = At(tile, firstInput);
        int shift = operands.GroupValues == 16 ? 4 : 5;
        rows.Codes = (sbyte*)_codes.Floats + at;
        rows.Scales = _scales.Floats + (at >> 5);
        rows.Starts = (int*)operands.Starts.Data + (at >> shift);
        rows.Sums = operands.Sums is null ? null : operands.Sums.Floats + (at >> shift);
    }

    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
        _sums.Dispose();
        foreach (Operands operands in _operands)
        {
            operands.Starts.Dispose();
            operands.Sums?.Dispose();
        }
    }

    /// <summary>Where a chunk of a tile begins, in inputs: chunk after chunk, and in each tile after tile.</summary>
    private long At(int tile, int firstInput) =>
        (long)firstInput * _filled + (long)tile * MaxTileRows * Math.Min(PanelChunk.Inputs, Columns - firstInput);

    /// <summary>What products with some formats need of the rows, in the order of the codes.</summary>
    /// <param name="Shift">What makes up for the codes being unsigned, for each unit of x.</param>
    /// <param name="GroupValues">Inputs of a group.</param>
    /// <param name="Starts"><see cref="Tensors.TileRows.Starts"/>.</param>
    /// <param name="Sums"><see cref="Tensors.TileRows.Sums"/>, or null.</param>
    internal sealed record Operands(int Shift, int GroupValues, Tensor Starts, Tensor? Sums);

    private struct OperandsWork : IWork
    {
        public QuantizedRows Rows;
        public Operands Operands;

        public readonly void Do(int piece, int worker)
        {
            int rows = Rows.TileRows(piece);
            int sixteens = Operands.GroupValues / 16;
            for (int first = 0; first < Rows.Columns; first += PanelChunk.Inputs)
            {
                long at = Rows.At(piece, first);
                int* sums = (int*)Rows._sums.Data + at / 16;
                Rows.Tile(piece, first, Operands, out TileRows tile);
                int groups = Math.Min(PanelChunk.Inputs, Rows.Columns - first) / Operands.GroupValues;
                for (int group = 0; group < groups; group++, sums += sixteens * rows)
                {
                    float* scales = tile.Scales + group * sixteens / 2 * rows;
                    for (int row = 0; row < rows; row++)
                    {
                        int sum = sixteens == 1 ? sums[row] : sums[row] + sums[rows + row];
                        tile.Starts[group * rows + row] = Operands.Shift * sum;
                        if (tile.Sums != null)
                            tile.Sums[group * rows + row] = scales[row] * sum;
                    }
                }
            }
        }
    }

    private struct QuantizeWork : IWork
    {
        public float* X;
        public QuantizedRows Rows;

        public readonly void Do(int piece, int worker)
        {
            int tileRows = Rows.TileRows(piece);
            for (int firstInput = 0; firstInput < Rows.Columns; firstInput += PanelChunk.Inputs)
            {
                long at = Rows.At(piece, firstInput);
                sbyte* codes = (sbyte*)Rows._codes.Floats + at;
                float* scales = Rows._scales.Floats + at / 32;
                int* sums = (int*)Rows._sums.Data + at / 16;
                int blocks = Math.Min(PanelChunk.Inputs, Rows.Columns - firstInput) / 32;
                for (int row = 0; row < tileRows; row++)
                {
                    int number = piece * MaxTileRows + row;
                    float* x = number < Rows.Rows ? X + (long)number * Rows.Columns + firstInput : null;
                    for (int block = 0; block < blocks; block++)
                    {
                        int* to = (int*)codes + block * 8 * tileRows + row;
                        int* sum = sums + block * 2 * tileRows + row;
                        scales[block * tileRows + row] = x == null ? Zeros(to, sum, tileRows) : Block(x + block * 32, to, sum, tileRows);
                    }
                }
            }
        }

        private static float Zeros(int* codes, int* sums, int stride)
        {
            for (int i = 0; i < 8; i++)
                codes[i * stride] = 0;
            sums[0] = sums[stride] = 0;
            return 0;
        }

        /// <summary>Quantises 32 values: codes of 4 every <paramref name="stride"/> words, two sums of 16; returns d.</summary>
        private static float Block(float* x, int* codes, int* sums, int stride)
        {
            Vector256<float> a = Vector256.Load(x), b = Vector256.Load(x + 8), c = Vector256.Load(x + 16), d = Vector256.Load(x + 24);
            // As integers, magnitudes have the order of their values, and NaN is the largest.
            Vector256<int> eight = Vector256.Max(Vector256.Max(Bits(a), Bits(b)), Vector256.Max(Bits(c), Bits(d)));
            Vector128<int> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
            Vector128<int> two = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
            float most = BitConverter.Int32BitsToSingle(Math.Max(two[0], two[1]));
            float scale = most / MaxCode;
            float inverse = most > 1e-36f && float.IsFinite(most) ? MaxCode / most : 0;
            Vector256<int> ia = Round(a, inverse), ib = Round(b, inverse), ic = Round(c, inverse), id = Round(d, inverse);
            sums[0] = Vector256.Sum(ia + ib);
            sums[stride] = Vector256.Sum(ic + id);
            Vector256<int> words = Vector256.Narrow(Vector256.Narrow(ia, ib), Vector256.Narrow(ic, id)).AsInt32();
            if (stride == 1)
                words.Store(codes);
            else
                Scatter(words, codes, stride);
            return inverse == 0 && float.IsFinite(most) ? 0 : scale;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Bits(Vector256<float> x) => x.AsInt32() & Vector256.Create(int.MaxValue);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Scatter(Vector256<int> words, int* to, nint stride)
        {
            to[0] = words[0];
            to[stride] = words[1];
            to[2 * stride] = words[2];
            to[3 * stride] = words[3];
            to += 4 * stride;
            to[0] = words[4];
            to[stride] = words[5];
            to[2 * stride] = words[6];
            to[3 * stride] = words[7];
        }

        /// <summary>Codes, at most 127 in magnitude, so that no machine's way to convert what does not fit matters.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static Vector256<int> Round(Vector256<float> x, float inverse) => inverse == 0
            ? Vector256<int>.Zero
            : Vector256.ConvertToInt32Native(Vector256.Round(x * Vector256.Create(inverse)));
    }
}
