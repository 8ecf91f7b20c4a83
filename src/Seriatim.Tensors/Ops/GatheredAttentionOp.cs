namespace Seriatim.Tensors;

/// <summary>
/// Attention whose queries see lists of keys of their own sequence: <c>y_i = Σ_j p_ij v_j</c> and <c>l_i = log Σ_j exp s_ij</c>
/// with <c>s_ij = scale · q_i·k_j</c>, <c>p_ij = exp(s_ij - l_i)</c>, j over the places of the list that i sees. Backward, with
/// <c>dp_ij = dy_i·v_j</c> and <c>δ_i = dy_i·y_i - dl_i</c>: <c>ds_ij = p_ij (dp_ij - δ_i)</c>,
/// <c>dv_j = Σ_i p_ij dy_i</c>, <c>dq_i = scale Σ_j ds_ij k_j</c>, <c>dk_j = scale Σ_i ds_ij q_i</c>.
/// </summary>
/// <remarks>
/// Carries what ranges of positions cannot: global tokens, dilated windows, blocks, buckets (Longformer, BigBird, Reformer). Work
/// is that of the lists, memory that of the results and a tile. Shapes: q, k, v, y <c>[N, H·D]</c>, l <c>[N, H]</c>. Saved for
/// backward: q, k, v, y, l. A query that sees no key gives zeros, and l is minus infinity.
/// </remarks>
internal readonly struct GatheredAttentionOp(Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec)
    : IOp<GatheredAttentionOp>
{
    public static string Name => "GatheredAttention";

    public OpPart Part => OpPart.Attention;

    public int Results => 2;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (q.Rows, result == 0 ? q.Columns : spec.Heads);

    public void Check() => GatheredChecks.Check(q, k, v, rows, spec);

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => GatheredForward<T>.Run(team, q, k, v, rows, spec, results[0], results[1]);

    public void Reference(ReadOnlySpan<Tensor> results) =>
        GatheredReference.Forward(q, k, v, rows, spec, results[0], results[1]);

    public GatheredAttentionOp Recorded() => this;

    public void Show(OpView to) => to.Operand("q", q).Operand("k", k).Operand("v", v)
        .Has(new GatheredAttentionView(q, k, v, rows, spec));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(q);
        saved.Add(k);
        saved.Add(v);
        saved.Add(results[0]);
        saved.Add(results[1]);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        // Whoever reads the sums alone sends nothing through y.
        using Tensor? zeros = dy[0] is null ? ops.Device.Zeros(q.Rows, q.Columns) : null;
        (Tensor dq, Tensor dk, Tensor dv) = ops.GatheredAttentionBackward(
            new GatheredBackwardOp(q, k, v, results[0], results[1], dy[0] ?? zeros!, dy[1], rows, spec));
        gradients.Add(q, dq);
        gradients.Add(k, dk);
        gradients.Add(v, dv);
    }
}

/// <summary>Recomputes the scores from the saved log-sum-exp and returns the gradients of q, k and v.</summary>
internal readonly struct GatheredBackwardOp(
    Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, Tensor dy, Tensor? dLogSumExp, GatheredRows rows,
    GatheredAttentionSpec spec) : IOpCall
{
    public static string Name => "GatheredAttentionBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 3;

    public Tensor Q => q;

    public Tensor K => k;

    public Tensor V => v;

    public Tensor Y => y;

    public Tensor LogSumExp => logSumExp;

    public Tensor Dy => dy;

    public Tensor? DLogSumExp => dLogSumExp;

    public (int Rows, int Columns) Shape(int result) => (q.Rows, q.Columns);

    public void Check()
    {
        GatheredChecks.Check(q, k, v, rows, spec);
        OpShapes.RequireSame(q, y, "GatheredAttention backward", "y");
        OpShapes.RequireSame(q, dy, "GatheredAttention backward", "dy");
        OpShapes.Require(logSumExp, q.Rows, spec.Heads, "GatheredAttention backward", "the log-sum-exp");
        if (dLogSumExp is not null)
            OpShapes.RequireSame(logSumExp, dLogSumExp, "GatheredAttention backward", "the gradient of the log-sum-exp");
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> => GatheredBackward<T>.Run(team, this, rows, spec, results);

    public void Reference(ReadOnlySpan<Tensor> results) => GatheredReference.Backward(this, rows, spec, results);
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Attention of queries to lists of keys of their own sequence: q, k, v <c>[N, H·D] → [N, H·D]</c>, and the log-sum-exp of
    /// every row's scores <c>[N, H]</c> by which parts of one softmax can be joined; gradients flow through both. A row that
    /// sees nothing gives zeros, and minus infinity.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="rows">Who sees whom.</param>
    /// <param name="spec">The shape and the rules.</param>
    public static (Tensor Y, Tensor LogSumExp) GatheredAttention(
        this IOps ops, Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec)
    {
        var results = new Pair();
        ops.Run(new GatheredAttentionOp(q, k, v, rows, spec), results);
        return (results[0], results[1]);
    }

    /// <summary>Returns the gradients of q, k and v.</summary>
    internal static (Tensor Dq, Tensor Dk, Tensor Dv) GatheredAttentionBackward(
        this IDifferentiableOps ops, GatheredBackwardOp op)
    {
        var results = new Triple();
        ops.Call(op, results);
        return (results[0], results[1], results[2]);
    }
}
