namespace Seriatim.Tensors;

/// <summary>
/// The ops as their formulas say: scalar loops with sums in double. Slow and plainly right: the oracle of the tests, and
/// what keeps <see cref="IOps"/> free of assumptions about one device.
/// </summary>
public sealed class ReferenceOps : IDifferentiableOps
{
    /// <inheritdoc/>
    public Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids) => EmbedOp.Forward(table, ids.Span);

    /// <inheritdoc/>
    public void EmbedBackward(EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy) => EmbedOp.Backward(table, ids.Span, dy);

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, LinearWeight weight) => LinearOp.Reference(x, weight);

    /// <inheritdoc/>
    public Tensor LinearBackward(Tensor x, LinearWeight weight, Tensor dy) => LinearOp.ReferenceBackward(x, weight, dy);

    /// <inheritdoc/>
    public void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results)
    {
        for (int i = 0; i < weights.Length; i++)
            results[i] = LinearOp.Reference(x, weights[i]);
    }

    /// <inheritdoc/>
    public Tensor Norm(Tensor x, NormWeight weight) => NormOp.Reference(x, weight);

    /// <inheritdoc/>
    public Tensor NormBackward(Tensor x, NormWeight weight, Tensor dy) => NormOp.ReferenceBackward(x, weight, dy);

    /// <inheritdoc/>
    public Tensor Rope(Tensor x, RopeRows rows) => RopeOp.Reference(x, rows, backward: false);

    /// <inheritdoc/>
    public Tensor RopeBackward(RopeRows rows, Tensor dy) => RopeOp.Reference(dy, rows, backward: true);

    /// <inheritdoc/>
    public Tensor Attention(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null)
    {
        Tensor y = AttentionOp.Reference(q, k, v, rows, layer, spec, sinkQueries, out Tensor logSumExp);
        logSumExp.Dispose();
        return y;
    }

    /// <inheritdoc/>
    public Tensor Attention(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, out Tensor logSumExp) =>
        AttentionOp.Reference(q, k, v, rows, layer, spec, null, out logSumExp);

    /// <inheritdoc/>
    public (Tensor Dq, Tensor Dk, Tensor Dv) AttentionBackward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy) =>
        AttentionOp.ReferenceBackward(q, k, v, y, logSumExp, rows, spec, dy);

    /// <inheritdoc/>
    public Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer) =>
        GatedRecurrenceOp.Reference(z, v, rows, layer);

    /// <inheritdoc/>
    public (Tensor Dz, Tensor Dv) GatedRecurrenceBackward(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, Tensor dy) =>
        GatedRecurrenceOp.ReferenceBackward(z, v, y, rows, dy);

    /// <inheritdoc/>
    public Tensor Activate(Tensor x, Activation activation) => ActivationOp.Reference(x, activation);

    /// <inheritdoc/>
    public Tensor ActivateBackward(Tensor x, Activation activation, Tensor dy) => ActivationOp.ReferenceBackward(x, activation, dy);

    /// <inheritdoc/>
    public Tensor GatedActivate(Tensor gate, Tensor up, Activation activation) => ActivationOp.ReferenceGated(gate, up, activation);

    /// <inheritdoc/>
    public (Tensor Dgate, Tensor Dup) GatedActivateBackward(Tensor gate, Tensor up, Activation activation, Tensor dy) =>
        ActivationOp.ReferenceGatedBackward(gate, up, activation, dy);

    /// <inheritdoc/>
    public Tensor Add(Tensor a, Tensor b) => PointwiseOp.ReferenceAdd(a, b);

    /// <inheritdoc/>
    public Tensor Scale(Tensor x, float factor) => PointwiseOp.ReferenceScale(x, factor);

    /// <inheritdoc/>
    public Tensor Dropout(Tensor x, DropoutMask mask) => DropoutOp.Reference(x, mask);

    /// <inheritdoc/>
    public Tensor SoftCap(Tensor x, float cap) => PointwiseOp.ReferenceSoftCap(x, cap);

    /// <inheritdoc/>
    public Tensor SoftCapBackward(Tensor y, float cap, Tensor dy) => PointwiseOp.ReferenceSoftCapBackward(y, cap, dy);

    /// <inheritdoc/>
    public Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows) => GatherRowsOp.Forward(x, rows.Span);

    /// <inheritdoc/>
    public Tensor GatherRowsBackward(ReadOnlyMemory<int> rows, int sourceRows, Tensor dy) =>
        GatherRowsOp.Backward(rows.Span, sourceRows, dy);

    /// <inheritdoc/>
    public ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise) => ExpertsOp.Route(logits, perToken, renormalise);

    /// <inheritdoc/>
    public Tensor RouteExpertsBackward(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights) =>
        ExpertsOp.RouteBackward(logits, routing, renormalise, dweights);

    /// <inheritdoc/>
    public Tensor DispatchToExperts(Tensor x, ExpertRouting routing) => ExpertsOp.Dispatch(x, routing);

    /// <inheritdoc/>
    public Tensor DispatchToExpertsBackward(ExpertRouting routing, Tensor dy) => ExpertsOp.DispatchBackward(routing, dy);

    /// <inheritdoc/>
    public Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing) =>
        ExpertsOp.ForEachExpert(x, ExpertsOp.Outputs(experts, routing), routing, (expert, rows) => LinearOp.Reference(rows, experts[expert]));

    /// <inheritdoc/>
    public Tensor LinearExpertsBackward(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy)
    {
        OpShapes.Require(dy, x.Rows, ExpertsOp.Outputs(experts, routing), "LinearExperts backward", "dy");
        return ExpertsOp.ForEachExpert(x, x.Columns, routing, (expert, rows) =>
        {
            using Tensor own = ExpertsOp.PairsOfExpert(dy, routing, expert);
            return LinearOp.ReferenceBackward(rows, experts[expert], own);
        });
    }

    /// <inheritdoc/>
    public Tensor CombineExperts(Tensor x, ExpertRouting routing) => ExpertsOp.Combine(x, routing);

    /// <inheritdoc/>
    public (Tensor Dx, Tensor Dweights) CombineExpertsBackward(Tensor x, ExpertRouting routing, Tensor dy) =>
        ExpertsOp.CombineBackward(x, routing, dy);

    /// <inheritdoc/>
    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options)
    {
        Tensor loss = CrossEntropyOp.Reference(hidden, head, labels.Span, options, out CrossEntropyState state);
        state.Dispose();
        return loss;
    }

    /// <inheritdoc/>
    public Tensor CrossEntropy(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, out CrossEntropyState state) =>
        CrossEntropyOp.Reference(hidden, head, labels.Span, options, out state);

    /// <inheritdoc/>
    public Tensor CrossEntropyBackward(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss) =>
        CrossEntropyOp.ReferenceBackward(hidden, head, labels.Span, options, state, dloss);

    /// <summary>Does nothing: there is nothing to stop.</summary>
    public void Dispose()
    {
    }
}
