namespace Seriatim.Tensors;

/// <summary>
/// Products of <see cref="ProjectLengthOp"/> over <see cref="OuterProduct{T}"/>: a tile is 8 rows of the result x 32 features,
/// and sums go through positions, projections or features in sequence, so nothing depends on threads or neighbours.
/// </summary>
internal unsafe struct LengthProjection<T>
    where T : struct, ILanes<T>
{
    private const int Columns = 32;

    private WorkerTeam _team;
    private IReadOnlyList<SequenceRows> _sequences;
    private int _width; // E
    private int _rank;  // R
    private float* _table;
    private float* _x;
    private float* _y;

    /// <summary>y of x.</summary>
    public static void Forward(
        WorkerTeam team, Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences, Tensor y)
    {
        LengthProjection<T> shape = Of(team, table, sequences, x, y);
        var work = new ForwardWork { Shape = shape, Tiles = RowKernel.Pieces(table.Columns, 8) };
        team.Run(sequences.Count * work.Tiles, ref work, x.Length * table.Columns);
    }

    /// <summary>dx of dy, and what is added to the gradient of the table.</summary>
    public static void Backward(
        WorkerTeam team, Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences, Tensor dy, Tensor dx)
    {
        LengthProjection<T> shape = Of(team, table, sequences, dx, dy);
        var input = new InputWork { Shape = shape, Tiles = RowKernel.Pieces(table.Rows, 8) };
        team.Run(sequences.Count * input.Tiles, ref input, x.Length * table.Columns);
        if (!table.Trainable)
            return;
        int padded = RowKernel.Pieces(table.Columns, Columns) * Columns;
        using Tensor turned = Tensor.Zeros(sequences.Count * x.Columns, padded); // [sequences][E][R]
        for (int s = 0; s < sequences.Count; s++)
        {
            Transpose.Block(dy.Floats + (long)s * table.Columns * x.Columns, x.Columns, table.Columns, x.Columns,
                turned.Floats + (long)s * x.Columns * padded, padded);
        }

        shape._x = x.Floats;
        var weights = new TableWork
        {
            Shape = shape,
            Turned = turned.Floats,
            Padded = padded,
            Length = table.Rows,
            Gradient = table.GradientOrZeros().Floats,
        };
        team.Run(RowKernel.Pieces(table.Rows, 8), ref weights, x.Length * table.Columns);
    }

    private static LengthProjection<T> Of(
        WorkerTeam team, Parameter table, IReadOnlyList<SequenceRows> sequences, Tensor x, Tensor y) => new()
        {
            _team = team,
            _sequences = sequences,
            _width = x.Columns,
            _rank = table.Columns,
            _table = table.Data.Floats,
            _x = x.Floats,
            _y = y.Floats,
        };

    /// <summary>
    /// <c>to[t, :] = Σ_i a(i, t) from[i, :]</c> for up to 8 rows t: all features, the last ones by a copy with zeros beside them.
    /// </summary>
    private static void Tile(float* packed, int depth, float* from, int width, float* to, int rows, float* sums, float* edge)
    {
        for (int column = 0; column < width; column += Columns)
        {
            int valid = Math.Min(Columns, width - column);
            float* b = from + column;
            int stride = width;
            if (valid < Columns)
            {
                b = edge;
                stride = Columns;
                for (int i = 0; i < depth; i++)
                {
                    var copy = new Span<float>(edge + i * Columns, Columns);
                    new ReadOnlySpan<float>(from + (long)i * width + column, valid).CopyTo(copy);
                    copy[valid..].Clear();
                }
            }

            new Span<float>(sums, 8 * Columns).Clear();
            OuterProduct<T>.Add<TileLayouts.Packed8>(8, depth, packed, b, b + 16, stride, sums, Columns);
            for (int t = 0; t < rows; t++)
                new ReadOnlySpan<float>(sums + t * Columns, valid).CopyTo(new Span<float>(to + (long)t * width + column, valid));
        }
    }

    /// <summary>8 projected rows of one sequence: sums through its positions.</summary>
    private struct ForwardWork : IWork
    {
        public LengthProjection<T> Shape;
        public int Tiles;

        public readonly void Do(int piece, int worker)
        {
            SequenceRows sequence = Shape._sequences[piece / Tiles];
            int first = piece % Tiles * 8, rows = Math.Min(8, Shape._rank - first);
            Scratch scratch = Shape._team.ScratchOf(worker);
            float* packed = scratch.Take((long)sequence.Rows * 8);
            float* sums = scratch.Take(8 * Columns), edge = scratch.Take((long)sequence.Rows * Columns);
            for (int i = 0; i < sequence.Rows; i++)
            {
                for (int t = 0; t < 8; t++)
                    packed[i * 8 + t] = t < rows ? Shape._table[(long)i * Shape._rank + first + t] : 0;
            }

            float* to = Shape._y + ((long)(piece / Tiles) * Shape._rank + first) * Shape._width;
            Tile(packed, sequence.Rows, Shape._x + (long)sequence.FirstRow * Shape._width, Shape._width, to, rows, sums, edge);
        }
    }

    /// <summary>The gradient of 8 positions of one sequence: sums through the projected rows.</summary>
    private struct InputWork : IWork
    {
        public LengthProjection<T> Shape;
        public int Tiles;

        public readonly void Do(int piece, int worker)
        {
            SequenceRows sequence = Shape._sequences[piece / Tiles];
            int first = piece % Tiles * 8, rows = Math.Min(8, sequence.Rows - first), rank = Shape._rank;
            if (rows <= 0)
                return;
            Scratch scratch = Shape._team.ScratchOf(worker);
            float* packed = scratch.Take(rank * 8L);
            float* sums = scratch.Take(8 * Columns), edge = scratch.Take((long)rank * Columns);
            new Span<float>(packed, rank * 8).Clear();
            Transpose.Block(Shape._table + (long)first * rank, rank, rows, rank, packed, 8);
            float* from = Shape._y + (long)(piece / Tiles) * rank * Shape._width;
            float* to = Shape._x + (long)(sequence.FirstRow + first) * Shape._width;
            Tile(packed, rank, from, Shape._width, to, rows, sums, edge);
        }
    }

    /// <summary>The gradient of 8 rows of the table: sums through the sequences, and in each through the features.</summary>
    private struct TableWork : IWork
    {
        public LengthProjection<T> Shape;
        public float* Turned;
        public int Padded, Length;
        public float* Gradient;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * 8, width = Shape._width;
            Scratch scratch = Shape._team.ScratchOf(worker);
            float* packed = scratch.Take(width * 8L), sums = scratch.Take(8L * Padded);
            new Span<float>(sums, 8 * Padded).Clear();
            for (int s = 0; s < Shape._sequences.Count; s++)
            {
                int rows = Math.Min(8, Shape._sequences[s].Rows - first);
                if (rows <= 0)
                    continue;
                new Span<float>(packed, width * 8).Clear();
                float* x = Shape._x + (long)(Shape._sequences[s].FirstRow + first) * width;
                Transpose.Block(x, width, rows, width, packed, 8);
                for (int column = 0; column < Padded; column += Columns)
                {
                    float* b = Turned + (long)s * width * Padded + column;
                    OuterProduct<T>.Add<TileLayouts.Packed8>(8, width, packed, b, b + 16, Padded, sums + column, Padded);
                }
            }

            for (int t = 0; t < Math.Min(8, Length - first); t++)
            {
                float* to = Gradient + (long)(first + t) * Shape._rank;
                for (int r = 0; r < Shape._rank; r++)
                    to[r] += sums[t * Padded + r];
            }
        }
    }
}
