namespace Seriatim.Tensors;

/// <summary>
/// Projects sequences along their length (Wang et al., 2020: Linformer, equation 7): <c>y_sr = Σ_i table_ir x_si</c>, i through
/// the positions of sequence s. Backward: <c>dx_si = Σ_r table_ir dy_sr</c>, <c>dtable_ir += Σ_s x_si · dy_sr</c>.
/// </summary>
/// <remarks>
/// Shapes: x <c>[N, E]</c>, table <c>[L, R]</c>, of which a sequence of n rows reads the first n; y <c>[S·R, E]</c>, the rows of
/// one sequence below each other. Saved for backward: x. Accumulation rule: dx is a new tensor, the table's gradient is added to.
/// </remarks>
internal readonly struct ProjectLengthOp(Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences) : IOp<ProjectLengthOp>
{
    public static string Name => "ProjectLength";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (sequences.Count * table.Columns, x.Columns);

    public void Check() => Check(x, table, sequences);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => LengthProjection<T>.Forward(team, x, table, sequences, results[0]);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        for (int s = 0; s < sequences.Count; s++)
        {
            for (int r = 0; r < table.Columns; r++)
            {
                for (int e = 0; e < x.Columns; e++)
                {
                    double sum = 0;
                    for (int i = 0; i < sequences[s].Rows; i++)
                        sum += (double)table.Data.Row(i)[r] * x.Row(sequences[s].FirstRow + i)[e];
                    results[0].Row(s * table.Columns + r)[e] = (float)sum;
                }
            }
        }
    }

    public ProjectLengthOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(table);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved) => saved.Add(x);

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        gradients.Add(x, ops.Call(new ProjectLengthBackwardOp(x, table, sequences, dy[0]!)));

    internal static void Check(Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences)
    {
        if (table.Layout != ParameterLayout.RowMajor || table.Data.Type != DataType.F32)
            throw new ArgumentException($"{Name}: {table} is {table.Layout} {table.Data.Type}; RowMajor F32 is needed.");
        int next = 0;
        foreach (SequenceRows sequence in sequences)
        {
            ShapeMismatchException.Require(sequence.FirstRow == next && sequence.Rows >= 0
                && sequence.Rows <= x.Rows - next, Name,
                "a sequence", $"rows {sequence.FirstRow} to {sequence.FirstRow + sequence.Rows}",
                $"a range that starts at {next} and ends by {x.Rows}");
            ShapeMismatchException.Require(
                sequence.Rows <= table.Rows, Name, "a sequence", $"{sequence.Rows} rows long", $"at most {table.Rows}, {table},");
            next += sequence.Rows;
        }

        ShapeMismatchException.Require(next == x.Rows, Name, "the end of the last sequence", $"{next}",
            $"{x.Rows}, the rows of x,");
    }
}

/// <summary>Returns dx; adds to the gradient of the table.</summary>
internal readonly struct ProjectLengthBackwardOp(
    Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences, Tensor dy) : IOpCall
{
    public static string Name => "ProjectLengthBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, x.Columns);

    public void Check()
    {
        ProjectLengthOp.Check(x, table, sequences);
        OpShapes.Require(dy, sequences.Count * table.Columns, x.Columns, "ProjectLength backward", "dy");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => LengthProjection<T>.Backward(team, x, table, sequences, dy, results[0]);

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        double[] gradient = new double[table.Data.Length];
        for (int s = 0; s < sequences.Count; s++)
        {
            for (int i = 0; i < sequences[s].Rows; i++)
            {
                int row = sequences[s].FirstRow + i;
                for (int e = 0; e < x.Columns; e++)
                {
                    double sum = 0;
                    for (int r = 0; r < table.Columns; r++)
                    {
                        double dyr = dy.Row(s * table.Columns + r)[e];
                        sum += table.Data.Row(i)[r] * dyr;
                        gradient[(long)i * table.Columns + r] += x.Row(row)[e] * dyr;
                    }

                    results[0].Row(row)[e] = (float)sum;
                }
            }
        }

        if (!table.Trainable)
            return;
        Span<float> to = table.GradientOrZeros().Span;
        for (int i = 0; i < gradient.Length; i++)
            to[i] += (float)gradient[i];
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Projects each sequence along its length with the first rows of a table <c>[L, R]</c>: <c>[N, E] → [S·R, E]</c>.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">The rows of all sequences.</param>
    /// <param name="table">What each position adds to each projected row.</param>
    /// <param name="sequences">Every row belongs to exactly one, in order; none is longer than the table.</param>
    public static Tensor ProjectLength(this IOps ops, Tensor x, Parameter table, IReadOnlyList<SequenceRows> sequences) =>
        ops.Run(new ProjectLengthOp(x, table, sequences));
}
