using System.Diagnostics;

namespace Seriatim.Tensors;

/// <summary>
/// Ops that add up the time of every op, forward and backward, by its name: where a step's time goes. For one caller at a time.
/// </summary>
/// <param name="inner">Does the work; disposed with this.</param>
public sealed class TimedOps(IDifferentiableOps inner) : IDifferentiableOps
{
    private readonly Dictionary<string, long> _ticks = [];

    /// <summary>Milliseconds of each op so far, greatest first.</summary>
    /// <param name="steps">What to divide by, at least 1.</param>
    public IReadOnlyDictionary<string, double> Milliseconds(int steps) => _ticks.OrderByDescending(t => t.Value)
        .ToDictionary(t => t.Key, t => Stopwatch.GetElapsedTime(0, t.Value).TotalMilliseconds / steps);

    /// <summary>Starts anew.</summary>
    public void Clear() => _ticks.Clear();

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    /// <inheritdoc/>
    public Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Embed(table, ids);
        Add(nameof(Embed), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, LinearWeight weight)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Linear(x, weight);
        Add(nameof(Linear), start);
        return result;
    }

    /// <inheritdoc/>
    public void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearMany(x, weights, results);
        Add(nameof(LinearMany), start);
    }

    /// <inheritdoc/>
    public Tensor Norm(Tensor x, NormWeight weight)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Norm(x, weight);
        Add(nameof(Norm), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Rope(Tensor x, RopeRows rows)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Rope(x, rows);
        Add(nameof(Rope), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Attention(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Attention(q, k, v, rows, layer, spec, sinkQueries);
        Add(nameof(Attention), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.GatedRecurrence(z, v, rows, layer);
        Add(nameof(GatedRecurrence), start);
        return result;
    }

    /// <inheritdoc/>
    public (Tensor Dz, Tensor Dv) GatedRecurrenceBackward(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        (Tensor Dz, Tensor Dv) result = inner.GatedRecurrenceBackward(z, v, y, rows, dy);
        Add(nameof(GatedRecurrenceBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Activate(Tensor x, Activation activation)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Activate(x, activation);
        Add(nameof(Activate), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor GatedActivate(Tensor gate, Tensor up, Activation activation)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.GatedActivate(gate, up, activation);
        Add(nameof(GatedActivate), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Add(Tensor a, Tensor b)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Add(a, b);
        Add(nameof(Add), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor x, float factor)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Scale(x, factor);
        Add(nameof(Scale), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Dropout(Tensor x, DropoutMask mask)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Dropout(x, mask);
        Add(nameof(Dropout), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor SoftCap(Tensor x, float cap)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.SoftCap(x, cap);
        Add(nameof(SoftCap), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.GatherRows(x, rows);
        Add(nameof(GatherRows), start);
        return result;
    }

    /// <inheritdoc/>
    public ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise)
    {
        long start = Stopwatch.GetTimestamp();
        ExpertRouting result = inner.RouteExperts(logits, perToken, renormalise);
        Add(nameof(RouteExperts), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor DispatchToExperts(Tensor x, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.DispatchToExperts(x, routing);
        Add(nameof(DispatchToExperts), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.LinearExperts(x, experts, routing);
        Add(nameof(LinearExperts), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor CombineExperts(Tensor x, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.CombineExperts(x, routing);
        Add(nameof(CombineExperts), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.CrossEntropy(hidden, head, labels, options);
        Add(nameof(CrossEntropy), start);
        return result;
    }

    /// <inheritdoc/>
    public void EmbedBackward(EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        inner.EmbedBackward(table, ids, dy);
        Add(nameof(EmbedBackward), start);
    }

    /// <inheritdoc/>
    public Tensor LinearBackward(Tensor x, LinearWeight weight, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.LinearBackward(x, weight, dy);
        Add(nameof(LinearBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor NormBackward(Tensor x, NormWeight weight, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.NormBackward(x, weight, dy);
        Add(nameof(NormBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor RopeBackward(RopeRows rows, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.RopeBackward(rows, dy);
        Add(nameof(RopeBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor Attention(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, out Tensor logSumExp)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.Attention(q, k, v, rows, layer, spec, out logSumExp);
        Add(nameof(Attention), start);
        return result;
    }

    /// <inheritdoc/>
    public (Tensor Dq, Tensor Dk, Tensor Dv) AttentionBackward(Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        var result = inner.AttentionBackward(q, k, v, y, logSumExp, rows, spec, dy);
        Add(nameof(AttentionBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor ActivateBackward(Tensor x, Activation activation, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.ActivateBackward(x, activation, dy);
        Add(nameof(ActivateBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public (Tensor Dgate, Tensor Dup) GatedActivateBackward(Tensor gate, Tensor up, Activation activation, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        var result = inner.GatedActivateBackward(gate, up, activation, dy);
        Add(nameof(GatedActivateBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor SoftCapBackward(Tensor y, float cap, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.SoftCapBackward(y, cap, dy);
        Add(nameof(SoftCapBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor GatherRowsBackward(ReadOnlyMemory<int> rows, int sourceRows, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.GatherRowsBackward(rows, sourceRows, dy);
        Add(nameof(GatherRowsBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor RouteExpertsBackward(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.RouteExpertsBackward(logits, routing, renormalise, dweights);
        Add(nameof(RouteExpertsBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor DispatchToExpertsBackward(ExpertRouting routing, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.DispatchToExpertsBackward(routing, dy);
        Add(nameof(DispatchToExpertsBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor LinearExpertsBackward(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.LinearExpertsBackward(x, experts, routing, dy);
        Add(nameof(LinearExpertsBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public (Tensor Dx, Tensor Dweights) CombineExpertsBackward(Tensor x, ExpertRouting routing, Tensor dy)
    {
        long start = Stopwatch.GetTimestamp();
        var result = inner.CombineExpertsBackward(x, routing, dy);
        Add(nameof(CombineExpertsBackward), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, out CrossEntropyState state)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.CrossEntropy(hidden, head, labels, options, out state);
        Add(nameof(CrossEntropy), start);
        return result;
    }

    /// <inheritdoc/>
    public Tensor CrossEntropyBackward(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor result = inner.CrossEntropyBackward(hidden, head, labels, options, state, dloss);
        Add(nameof(CrossEntropyBackward), start);
        return result;
    }

    private void Add(string op, long start) => _ticks[op] = _ticks.GetValueOrDefault(op) + Stopwatch.GetTimestamp() - start;
}
