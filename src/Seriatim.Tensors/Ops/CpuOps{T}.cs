namespace Seriatim.Tensors;

/// <summary>
/// The ops on this machine's processors, over one width of lanes. Get one from <see cref="CpuOps.Create"/>; results are the same
/// bits for every width and number of threads.
/// </summary>
internal sealed class CpuOps<T>(int threads) : IDifferentiableOps
    where T : struct, ILanes<T>
{
    private readonly WorkerTeam _team = new(threads);

    public Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids) => EmbedOp.Forward(table, ids.Span);

    public void EmbedBackward(EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy) => EmbedOp.Backward(table, ids.Span, dy);

    public Tensor Linear(Tensor x, LinearWeight weight) => Single(x, weight);

    public Tensor LinearBackward(Tensor x, LinearWeight weight, Tensor dy) => LinearOp.Backward<T>(_team, x, weight, dy);

    public void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results) =>
        LinearOp.Forward<T>(_team, x, weights, results);

    public Tensor Norm(Tensor x, NormWeight weight) => NormOp.Forward<T>(_team, x, weight);

    public Tensor NormBackward(Tensor x, NormWeight weight, Tensor dy) => NormOp.Backward<T>(_team, x, weight, dy);

    public Tensor Rope(Tensor x, RopeRows rows) => RopeOp.Run<T>(_team, x, rows, backward: false);

    public Tensor RopeBackward(RopeRows rows, Tensor dy) => RopeOp.Run<T>(_team, dy, rows, backward: true);

    public Tensor Attention(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null)
    {
        Tensor y = AttentionOp.Forward<T>(_team, q, k, v, rows, layer, spec, sinkQueries, out Tensor logSumExp);
        logSumExp.Dispose();
        return y;
    }

    public Tensor Attention(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, out Tensor logSumExp) =>
        AttentionOp.Forward<T>(_team, q, k, v, rows, layer, spec, null, out logSumExp);

    public (Tensor Dq, Tensor Dk, Tensor Dv) AttentionBackward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy) =>
        AttentionOp.Backward<T>(_team, q, k, v, y, logSumExp, rows, spec, dy);

    public Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer) =>
        GatedRecurrenceOp.Forward<T>(_team, z, v, rows, layer);

    public (Tensor Dz, Tensor Dv) GatedRecurrenceBackward(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, Tensor dy) =>
        GatedRecurrenceOp.Backward<T>(_team, z, v, y, rows, dy);

    public Tensor Activate(Tensor x, Activation activation) => ActivationOp.Forward<T>(_team, x, activation);

    public Tensor ActivateBackward(Tensor x, Activation activation, Tensor dy) => ActivationOp.Backward<T>(_team, x, activation, dy);

    public Tensor GatedActivate(Tensor gate, Tensor up, Activation activation) => ActivationOp.ForwardGated<T>(_team, gate, up, activation);

    public (Tensor Dgate, Tensor Dup) GatedActivateBackward(Tensor gate, Tensor up, Activation activation, Tensor dy) =>
        ActivationOp.BackwardGated<T>(_team, gate, up, activation, dy);

    public Tensor Add(Tensor a, Tensor b) => PointwiseOp.Add<T>(_team, a, b);

    public Tensor Scale(Tensor x, float factor) => PointwiseOp.Scale<T>(_team, x, factor);

    public Tensor Dropout(Tensor x, DropoutMask mask) => DropoutOp.Forward<T>(_team, x, mask);

    public Tensor SoftCap(Tensor x, float cap) => PointwiseOp.SoftCap<T>(_team, x, cap);

    public Tensor SoftCapBackward(Tensor y, float cap, Tensor dy) => PointwiseOp.SoftCapBackward<T>(_team, y, cap, dy);

    public Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows) => GatherRowsOp.Forward(x, rows.Span);

    public Tensor GatherRowsBackward(ReadOnlyMemory<int> rows, int sourceRows, Tensor dy) =>
        GatherRowsOp.Backward(rows.Span, sourceRows, dy);

    public ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise) => ExpertsOp.Route(logits, perToken, renormalise);

    public Tensor RouteExpertsBackward(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights) =>
        ExpertsOp.RouteBackward(logits, routing, renormalise, dweights);

    public Tensor DispatchToExperts(Tensor x, ExpertRouting routing) => ExpertsOp.Dispatch(x, routing);

    public Tensor DispatchToExpertsBackward(ExpertRouting routing, Tensor dy) => ExpertsOp.DispatchBackward(routing, dy);

    public Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing) =>
        ExpertsOp.ForEachExpert(x, ExpertsOp.Outputs(experts, routing), routing, (expert, rows) => Single(rows, experts[expert]));

    public Tensor LinearExpertsBackward(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy)
    {
        OpShapes.Require(dy, x.Rows, ExpertsOp.Outputs(experts, routing), "LinearExperts backward", "dy");
        return ExpertsOp.ForEachExpert(x, x.Columns, routing, (expert, rows) =>
        {
            using Tensor own = ExpertsOp.PairsOfExpert(dy, routing, expert);
            return LinearOp.Backward<T>(_team, rows, experts[expert], own);
        });
    }

    public Tensor CombineExperts(Tensor x, ExpertRouting routing) => ExpertsOp.Combine(x, routing);

    public (Tensor Dx, Tensor Dweights) CombineExpertsBackward(Tensor x, ExpertRouting routing, Tensor dy) =>
        ExpertsOp.CombineBackward(x, routing, dy);

    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options) =>
        CrossEntropyOp.Forward<T>(_team, hidden, head, labels.Span, options);

    public Tensor CrossEntropy(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, out CrossEntropyState state) =>
        CrossEntropyOp.Forward<T>(_team, hidden, head, labels.Span, options, out state);

    public Tensor CrossEntropyBackward(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss) =>
        CrossEntropyOp.Backward<T>(_team, hidden, LinearOp.Dense(head), labels.Span, options, state, dloss);

    public void Dispose() => _team.Dispose();

    private Tensor Single(Tensor x, LinearWeight weight)
    {
        Tensor result = null!;
        LinearOp.Forward<T>(_team, x, [weight], new Span<Tensor>(ref result));
        return result;
    }
}
