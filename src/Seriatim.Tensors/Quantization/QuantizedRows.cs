using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// Activations quantised for products with blocks: 32 values of a row share d in F32. Codes are <c>x · (m / max|x|)</c> rounded
/// to even, for m = 127 and 126; d is the best one for the codes by least squares, and of the two tries the one with the smaller
/// error stays. Each row for itself; one quantisation serves every weight that reads the rows, whatever its format.
/// </summary>
/// <remarks>
/// Rows lie in tiles of 6, the last one of 1, 2, 4 or 6 with zeros; all tiles of the first 256 inputs, then of the next, so that
/// a product that holds a chunk of weights walks through memory without jumps. A block with a value that is not finite has a d
/// that is not finite either, so the row's results are NaN. A block smaller than 1e-36 counts as zeros.
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
    private readonly Tensor _sums16;
    private readonly Tensor _sums32;
    private readonly List<Operands> _operands = [];
    private readonly sbyte* _firstCode;
    private readonly float* _firstScale;

    public QuantizedRows(WorkerTeam team, Tensor x)
    {
        (_team, Rows, Columns) = (team, x.Rows, x.Columns);
        Tiles = (Rows + MaxTileRows - 1) / MaxTileRows;
        _filled = Tiles == 0 ? 0 : (Tiles - 1) * MaxTileRows + TileRows(Tiles - 1);
        _codes = Tensor.Create(_filled, Columns / 4);
        _scales = Tensor.Create(_filled, Columns / 32);
        _sums16 = Tensor.Create(_filled, Columns / 16, DataType.I32);
        _sums32 = Tensor.Create(_filled, Columns / 32, DataType.I32);
        _firstCode = (sbyte*)_codes.Floats;
        _firstScale = _scales.Floats;
        var work = new QuantizeWork { X = x.Floats, Rows = this };
        team.Run(Tiles, ref work, 8L * Rows * Columns);
    }

    public int Rows { get; }

    public int Columns { get; }

    public int Tiles { get; }

    /// <summary>Rows of all tiles together.</summary>
    public int Filled => _filled;

    /// <summary>Rows of a tile, filled up: 1, 2, 4 or 6.</summary>
    public int TileRows(int tile) =>
        Math.Min(MaxTileRows, Rows - tile * MaxTileRows) switch { 1 => 1, 2 => 2, 3 or 4 => 4, _ => 6 };

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
        rows.Codes = _firstCode + at;
        rows.Scales = _firstScale + (at >> 5);
        rows.Starts = operands.FirstStart + (at >> shift);
        rows.Sums = operands.FirstSum == null ? null : operands.FirstSum + (at >> shift);
    }

    public void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
        _sums16.Dispose();
        _sums32.Dispose();
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
    /// <param name="shift">What makes up for the codes being unsigned, for each unit of x.</param>
    /// <param name="groupValues">Inputs of a group.</param>
    /// <param name="starts"><see cref="Tensors.TileRows.Starts"/>.</param>
    /// <param name="sums"><see cref="Tensors.TileRows.Sums"/>, or null.</param>
    internal sealed class Operands(int shift, int groupValues, Tensor starts, Tensor? sums)
    {
        public readonly int* FirstStart = (int*)starts.Data;
        public readonly float* FirstSum = sums is null ? null : sums.Floats;

        public int Shift => shift;

        public int GroupValues => groupValues;

        public Tensor Starts => starts;

        public Tensor? Sums => sums;
    }

    private struct OperandsWork : IWork
    {
        public QuantizedRows Rows;
        public Operands Operands;

        public readonly void Do(int piece, int worker)
        {
            int rows = Rows.TileRows(piece);
            for (int first = 0; first < Rows.Columns; first += PanelChunk.Inputs)
            {
                Rows.Tile(piece, first, Operands, out TileRows tile);
                int groups = Math.Min(PanelChunk.Inputs, Rows.Columns - first) / Operands.GroupValues * rows;
                int* sums = (int*)(Operands.GroupValues == 16 ? Rows._sums16 : Rows._sums32).Data
                    + Rows.At(piece, first) / Operands.GroupValues;
                int i = 0;
                for (; i + 8 <= groups; i += 8)
                    (Vector256.Load(sums + i) * Operands.Shift).Store(tile.Starts + i);
                for (; i < groups; i++)
                    tile.Starts[i] = sums[i] * Operands.Shift;
                if (tile.Sums != null)
                    Scale(sums, groups, rows, tile);
            }
        }

        private readonly void Scale(int* sums, int groups, int rows, in TileRows tile)
        {
            int i = 0;
            for (; i + 8 <= groups && Operands.GroupValues == 32; i += 8)
                (Vector256.ConvertToSingle(Vector256.Load(sums + i)) * Vector256.Load(tile.Scales + i)).Store(tile.Sums + i);
            for (; i < groups; i++)
            {
                tile.Sums[i] = sums[i]
                    * (Operands.GroupValues == 32 ? tile.Scales[i] : tile.Scales[i / (2 * rows) * rows + i % rows]);
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
            float** rows = stackalloc float*[MaxTileRows];
            for (int first = 0; first < Rows.Columns; first += PanelChunk.Inputs)
            {
                for (int row = 0; row < tileRows; row++)
                {
                    int number = piece * MaxTileRows + row;
                    rows[row] = number < Rows.Rows ? X + (long)number * Rows.Columns + first : null;
                }

                long at = Rows.At(piece, first);
                int blocks = Math.Min(PanelChunk.Inputs, Rows.Columns - first) / 32;
                RowQuantizer.Tile(
                    rows, tileRows, blocks, Rows._firstCode + at, Rows._firstScale + at / 32, (int*)Rows._sums16.Data + at / 16,
                    (int*)Rows._sums32.Data + at / 32);
            }
        }
    }
}
