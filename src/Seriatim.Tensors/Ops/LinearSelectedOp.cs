namespace Seriatim.Tensors;

/// <summary>
/// <c>y[n, o] = b[o] + Σ_k x[n,k] W[o,k]</c> for the outputs that row n needs, with the bits that <see cref="LinearOp"/> gives
/// them, and <c>-∞</c> for all others: logits over vocabulary shortlists (L'Hostis, Grangier, Auli, 2016). The rows are
/// multiplied together with what any of them needs; which rows come together shows in nobody's result. No gradient: what is left
/// out of a softmax while training changes what is learned.
/// </summary>
/// <remarks>Shapes: x [N, I], W [O, I], y [N, O]; runs of rows that are N in all.</remarks>
internal readonly struct LinearSelectedOp(Tensor x, OutputSelection selection, IReadOnlyList<SelectedRows> runs)
    : IOp<LinearSelectedOp>
{
    public static string Name => "LinearSelected";

    public OpPart Part => selection.Weight.Part;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, selection.Of);

    public void Check()
    {
        LinearOp.Check(x, selection.Weight, null);
        long rows = 0;
        foreach (SelectedRows run in runs)
        {
            ShapeMismatchException.Require(run.Rows > 0, Name, "a run", $"{run.Rows} rows", $"at least one");
            foreach (int output in run.Outputs.Span)
            {
                ShapeMismatchException.Require(selection.Has(output), Name, "an output that rows need", $"{output}",
                    $"one of the {selection.Count} selected of {selection.Of}");
            }

            rows += run.Rows;
        }

        ShapeMismatchException.Require(rows == x.Rows, Name, "the runs", $"{rows} rows", $"the {x.Rows} of x");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        using Tensor some = Tensor.Create(x.Rows, selection.Count);
        LinearOp.Forward<T>(team, x, selection.Weight, null, some);
        var work = new Work(some, results[0], selection, runs);
        team.Run(runs.Count, ref work, (long)x.Rows * selection.Of);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        using Tensor some = Tensor.Create(x.Rows, selection.Count);
        LinearOp.Reference(x, selection.Weight, some);
        var work = new Work(some, results[0], selection, runs);
        for (int run = 0; run < runs.Count; run++)
            work.Do(run, 0);
    }

    public LinearSelectedOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x).Weight(selection.Weight);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    /// <summary>There is none.</summary>
    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients) =>
        throw new NotSupportedException($"{Name} has no gradient: train with all outputs ({nameof(LinearOp)}).");

    /// <summary>Brings what a run needs to its places.</summary>
    private readonly struct Work(Tensor some, Tensor y, OutputSelection selection, IReadOnlyList<SelectedRows> runs) : IWork
    {
        public void Do(int piece, int worker)
        {
            int first = 0;
            for (int i = 0; i < piece; i++)
                first += runs[i].Rows;
            ReadOnlySpan<int> outputs = runs[piece].Outputs.Span;
            ReadOnlySpan<int> places = selection.Places;
            for (int n = first; n < first + runs[piece].Rows; n++)
            {
                ReadOnlySpan<float> from = some.Row(n);
                Span<float> to = y.Row(n);
                to.Fill(float.NegativeInfinity);
                foreach (int output in outputs)
                    to[output] = from[places[output]];
            }
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// A linear layer of which each run of rows needs its own outputs: <c>[N, I] → [N, O]</c>, <c>-∞</c> where a row does not
    /// need the output.
    /// </summary>
    /// <param name="ops">The device.</param>
    /// <param name="x">The rows.</param>
    /// <param name="selection">All outputs that any row needs; more do no harm.</param>
    /// <param name="runs">Which rows need which, in the order of the rows.</param>
    public static Tensor LinearSelected(this IOps ops, Tensor x, OutputSelection selection, IReadOnlyList<SelectedRows> runs) =>
        ops.Run(new LinearSelectedOp(x, selection, runs));
}
