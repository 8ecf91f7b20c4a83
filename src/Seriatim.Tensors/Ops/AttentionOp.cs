namespace Seriatim.Tensors;

/// <summary>
/// <c>y_i = Σ_j p_ij v_j</c> with <c>p_i = softmax_j(s_ij)</c>, <c>s_ij = cap(scale · q_i·k_j) + bias(j - i)</c> over the
/// keys that query i sees (Vaswani et al., 2017, equation 1). Backward, with <c>dp_ij = dy_i·v_j</c> and
/// <c>δ_i = dy_i·y_i</c>: <c>ds_ij = p_ij (dp_ij - δ_i)</c>, <c>dv_j = Σ_i p_ij dy_i</c>,
/// <c>dq_i = scale Σ_j ds_ij cap' k_j</c>, <c>dk_j = scale Σ_i ds_ij cap' q_i</c>.
/// </summary>
/// <remarks>
/// Shapes: q, y [N, H·D], k and v [M, K·D], log-sum-exp [N, H]. Saved for backward: q, k, v, y, log-sum-exp. A query that sees no
/// key gives zeros. The kernels are in AttentionForward and AttentionBackward, the plain loops in AttentionReference, the checks
/// of the operands in AttentionChecks, storing into pages in KeyValueStore; this file declares the op.
/// </remarks>
internal readonly unsafe struct AttentionOp(
    Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries, bool recorded = false)
    : IOp<AttentionOp>
{
    public static string Name => "Attention";

    public OpPart Part => OpPart.Attention;

    /// <summary>y; recorded, the log-sum-exp of every row's scores too.</summary>
    public int Results => recorded ? 2 : 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (q.Rows, result == 0 ? q.Columns : spec.Heads);

    public void Check()
    {
        AttentionChecks.Check(q, k, v, rows, spec, sinkQueries);
        AttentionChecks.CheckPool(rows, layer);
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        KeyValueStore.Run(team, k, v, rows, layer);
        using Tensor? scratch = results.Length > 1 ? null : Tensor.Create(q.Rows, spec.Heads);
        AttentionForward<T>.Run(team, q, k, v, rows, layer, spec, sinkQueries, results[0], scratch ?? results[1]);
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        KeyValueStore.Run(null, k, v, rows, layer);
        AttentionReference.Forward(q, k, v, rows, layer, spec, sinkQueries, results[0], results.Length > 1 ? results[1] : null);
    }

    public AttentionOp Recorded() => k is null || v is null || sinkQueries is not null || rows.Pool is not null
        ? throw new InvalidOperationException(
            "Gradients do not flow through stored keys and values: give the tape a batch without memory.")
        : new AttentionOp(q, k, v, rows, layer, spec, null, recorded: true);

    public void Show(OpView to) => to.Operand("q", q).Operand("k", k).Operand("v", v)
        .Has(new RangedAttentionView(q, k, v, rows, layer, spec, sinkQueries));

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
        saved.Add(q);
        saved.Add(k!);
        saved.Add(v!);
        saved.Add(results[0]);
        saved.Add(results[1]);
    }

    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
        (Tensor dq, Tensor dk, Tensor dv) = ops.AttentionBackward(q, k!, v!, results[0], results[1], rows, spec, dy[0]!);
        gradients.Add(q, dq);
        gradients.Add(k!, dk);
        gradients.Add(v!, dv);
    }
}

/// <summary>
/// Recomputes the scores from the saved log-sum-exp (Dao et al., 2022: FlashAttention, algorithm 4) and returns the gradients of
/// q, k and v; adds to the gradient of a relative bias. Segments must not have pages.
/// </summary>
internal readonly struct AttentionBackwardOp(
    Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy) : IOpCall
{
    public static string Name => "AttentionBackward";

    public OpPart Part => OpPart.Attention;

    public int Results => 3;

    public (int Rows, int Columns) Shape(int result) => result == 0 ? (q.Rows, q.Columns) : (k.Rows, k.Columns);

    public void Check()
    {
        AttentionChecks.Check(q, k, v, rows, spec);
        OpShapes.RequireSame(q, y, "Attention backward", "y");
        OpShapes.RequireSame(q, dy, "Attention backward", "dy");
        OpShapes.Require(logSumExp, q.Rows, spec.Heads, "Attention backward", "the log-sum-exp");
        if (rows.Pool is not null || rows.Segments.Any(segment => segment.Visibility == Visibility.Tree || segment.Window > 0))
        {
            throw new InvalidOperationException(
                "Attention has no gradient through stored keys and values, nor through trees and windows of segments.");
        }
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T> =>
        AttentionBackward<T>.Run(team, q, k, v, y, logSumExp, rows, spec, dy, results[0], results[1], results[2]);

    public void Reference(ReadOnlySpan<Tensor> results) =>
        AttentionReference.Backward(q, k, v, y, logSumExp, rows, spec, dy, results);
}

public static partial class OpsExtensions
{
    /// <summary>
    /// Scaled dot-product attention over ragged segments: q <c>[N, H·D]</c>, k and v <c>[M, K·D]</c> →
    /// <c>[N, H·D]</c>. Segments with pages first store their new keys and values there, under
    /// <paramref name="layer"/>. k and v are null if no segment has new keys.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">New keys.</param>
    /// <param name="v">New values.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Where in the pool keys and values lie.</param>
    /// <param name="spec">The shape and the rule.</param>
    /// <param name="sinkQueries">
    /// Queries for the sinks of segments with a <see cref="AttentionSegment.Window"/>, turned by the position within the window
    /// instead of that within the sequence, <c>[N, H·D]</c>; null: those of q, for models that turn nothing.
    /// </param>
    public static Tensor Attention(
        this IOps ops, Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec,
        Tensor? sinkQueries = null) =>
        ops.Run(new AttentionOp(q, k, v, rows, layer, spec, sinkQueries));

    /// <summary>As the other, and the log-sum-exp of every row's scores <c>[N, H]</c>, which the backward pass needs.</summary>
    internal static Tensor Attention(
        this IDifferentiableOps ops, Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec,
        out Tensor logSumExp)
    {
        (Tensor y, logSumExp) = ops.CallTwo(new AttentionOp(q, k, v, rows, layer, spec, null, recorded: true));
        return y;
    }

    /// <summary>Returns the gradients of q, k and v; adds to the gradient of a relative bias.</summary>
    internal static (Tensor Dq, Tensor Dk, Tensor Dv) AttentionBackward(
        this IDifferentiableOps ops, Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows,
        AttentionSpec spec, Tensor dy)
    {
        var results = new Triple();
        ops.Call(new AttentionBackwardOp(q, k, v, y, logSumExp, rows, spec, dy), results);
        return (results[0], results[1], results[2]);
    }
}
