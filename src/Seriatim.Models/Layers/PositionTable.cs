namespace Seriatim.Models;

/// <summary>Positions that are added to the embedding.</summary>
internal abstract class PositionTable : IDisposable
{
    /// <summary>What is added to each row: <c>[N, E]</c>.</summary>
    public abstract Tensor Rows(IOps ops, ForwardPlan plan);

    /// <summary>Gives back what is not a parameter of the model.</summary>
    public virtual void Dispose()
    {
    }

    /// <summary>The table of a stack; null: it adds nothing.</summary>
    public static PositionTable? Of(WeightBuilder weights, StackSpec spec) => spec.Position switch
    {
        PositionSpec.None => null,
        PositionSpec.Learned learned => new OneTable(weights.Embedding(
            "positions", learned.Count + learned.Offset, spec.StartWidth, tied: false,
            $"positions {learned.Count} + offset {learned.Offset}, hidden size {spec.StartWidth}",
            initializer: Initializer.Positions), learned.Offset),
        PositionSpec.Sinusoidal sinusoidal =>
            new OneTable(SinusoidalTable.Make(weights.Device, sinusoidal, spec.StartWidth), sinusoidal.Offset),
        PositionSpec.Axial axial => new TwoTables(weights, axial, spec.StartWidth),
        _ => throw new NotSupportedException($"{spec.Position} cannot be added to an embedding."),
    };

    private sealed class OneTable(EmbeddingWeight table, int offset) : PositionTable
    {
        public override Tensor Rows(IOps ops, ForwardPlan plan) => ops.Embed(table, plan.PositionIds(offset));

        public override void Dispose() => table.Dispose();
    }

    private sealed class TwoTables : PositionTable
    {
        private readonly EmbeddingWeight _rows;
        private readonly EmbeddingWeight _columns;

        public TwoTables(WeightBuilder weights, PositionSpec.Axial axial, int width)
        {
            if (axial.RowWidth + axial.ColumnWidth != width)
            {
                throw new NotSupportedException(
                    $"Axial positions of {axial.RowWidth} + {axial.ColumnWidth} features do not make the {width} of a row.");
            }

            _rows = weights.Embedding("positions.rows", axial.Rows, axial.RowWidth, tied: false,
                $"{axial.Rows} rows of axial positions, {axial.RowWidth} features", initializer: Initializer.Positions);
            _columns = weights.Embedding("positions.columns", axial.Columns, axial.ColumnWidth, tied: false,
                $"{axial.Columns} columns of axial positions, {axial.ColumnWidth} features", initializer: Initializer.Positions);
        }

        public override Tensor Rows(IOps ops, ForwardPlan plan)
        {
            ReadOnlySpan<int> positions = plan.Batch.Positions.Span;
            (int[] rows, int[] columns) = (new int[positions.Length], new int[positions.Length]);
            for (int n = 0; n < positions.Length; n++)
                (rows[n], columns[n]) = int.DivRem(positions[n], _columns.Count);
            using Tensor first = ops.Embed(_rows, rows);
            using Tensor second = ops.Embed(_columns, columns);
            return ops.JoinColumns(first, second);
        }
    }
}
