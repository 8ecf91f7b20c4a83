using System.Diagnostics;

namespace Seriatim.Tensors;

/// <summary>
/// Measures where the time of a forward pass goes, as a decorator: calls the inner ops, and adds up the time of each under the part of a
/// Transformer it belongs to.
/// </summary>
/// <remarks>
/// A linear layer does not know what it is for, so it is told by its neighbours: it belongs to attention if its result goes (turned,
/// normed or scaled, perhaps) into attention, or its input came from there; to the feed-forward layer if an activation or a router is its
/// neighbour; and else to the projection. Results are those of the inner ops. Used by one thread; <see cref="Read"/> may come from any.
/// </remarks>
/// <param name="inner">The ops that do the work.</param>
public sealed class TracingOps(IOps inner) : IOps
{
    private readonly Lock _lock = new();
    private readonly long[] _ticks = new long[Enum.GetValues<TracedPart>().Length];
    private readonly Dictionary<Tensor, long> _open = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<Tensor, TracedPart> _made = new(ReferenceEqualityComparer.Instance);

    /// <summary>The time so far. Linear layers whose use is not seen yet count as projection.</summary>
    public TimeSpan Read(TracedPart part)
    {
        lock (_lock)
        {
            long ticks = _ticks[(int)part];
            if (part == TracedPart.Projection)
                ticks += _open.Values.Sum();
            return Stopwatch.GetElapsedTime(0, ticks);
        }
    }

    /// <inheritdoc/>
    public Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids)
    {
        Settle();
        long start = Stopwatch.GetTimestamp();
        return Made(inner.Embed(table, ids), TracedPart.Other, start);
    }

    /// <inheritdoc/>
    public Tensor Linear(Tensor x, LinearWeight weight)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.Linear(x, weight);
        if (PartOf(x) is { } part)
            Add(part, start);
        else
            Open(y, Stopwatch.GetTimestamp() - start);
        return y;
    }

    /// <inheritdoc/>
    public void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results)
    {
        long start = Stopwatch.GetTimestamp();
        inner.LinearMany(x, weights, results);
        long ticks = Stopwatch.GetTimestamp() - start;

        // The layers ran as one; the first result carries the time, and all of them go the same way.
        for (int i = 0; i < weights.Length; i++)
            Open(results[i], i == 0 ? ticks : 0);
    }

    /// <inheritdoc/>
    public Tensor Norm(Tensor x, NormWeight weight)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.Norm(x, weight);
        Add(TracedPart.Norms, start);
        Follow(x, y);
        return y;
    }

    /// <inheritdoc/>
    public Tensor Rope(Tensor x, RopeRows rows)
    {
        long start = Stopwatch.GetTimestamp();
        Close(x, TracedPart.Attention);
        return Made(inner.Rope(x, rows), TracedPart.Attention, start);
    }

    /// <inheritdoc/>
    public Tensor Attention(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null)
    {
        long start = Stopwatch.GetTimestamp();
        Close(q, TracedPart.Attention);
        Close(sinkQueries, TracedPart.Attention);
        Close(k, TracedPart.Attention);
        Close(v, TracedPart.Attention);
        return Made(inner.Attention(q, k, v, rows, layer, spec, sinkQueries), TracedPart.Attention, start);
    }

    /// <inheritdoc/>
    public Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer)
    {
        // Mixing rows is attention's part; a recurrence is booked there.
        long start = Stopwatch.GetTimestamp();
        Close(z, TracedPart.Attention);
        Close(v, TracedPart.Attention);
        return Made(inner.GatedRecurrence(z, v, rows, layer), TracedPart.Attention, start);
    }

    /// <inheritdoc/>
    public Tensor Activate(Tensor x, Activation activation)
    {
        long start = Stopwatch.GetTimestamp();
        Close(x, TracedPart.FeedForward);
        return Made(inner.Activate(x, activation), TracedPart.FeedForward, start);
    }

    /// <inheritdoc/>
    public Tensor GatedActivate(Tensor gate, Tensor up, Activation activation)
    {
        long start = Stopwatch.GetTimestamp();
        // What a mixer gave, gated, is still the mixer's.
        TracedPart part = PartOf(up) ?? TracedPart.FeedForward;
        Close(gate, part);
        Close(up, part);
        return Made(inner.GatedActivate(gate, up, activation), part, start);
    }

    /// <inheritdoc/>
    public Tensor Add(Tensor a, Tensor b)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.Add(a, b);
        Add(TracedPart.Other, start);
        return y;
    }

    /// <inheritdoc/>
    public Tensor Scale(Tensor x, float factor)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.Scale(x, factor);
        Add(TracedPart.Other, start);
        Follow(x, y);
        return y;
    }

    /// <inheritdoc/>
    public Tensor Dropout(Tensor x, DropoutMask mask)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.Dropout(x, mask);
        Add(TracedPart.Other, start);
        Follow(x, y);
        return y;
    }

    /// <inheritdoc/>
    public Tensor SoftCap(Tensor x, float cap)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.SoftCap(x, cap);
        Add(TracedPart.Projection, start);
        return y;
    }

    /// <inheritdoc/>
    public Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.GatherRows(x, rows);
        Add(TracedPart.Other, start);
        return y;
    }

    /// <inheritdoc/>
    public ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise)
    {
        long start = Stopwatch.GetTimestamp();
        Close(logits, TracedPart.FeedForward);
        ExpertRouting routing = inner.RouteExperts(logits, perToken, renormalise);
        Add(TracedPart.FeedForward, start);
        return routing;
    }

    /// <inheritdoc/>
    public Tensor DispatchToExperts(Tensor x, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        return Made(inner.DispatchToExperts(x, routing), TracedPart.FeedForward, start);
    }

    /// <inheritdoc/>
    public Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        return Made(inner.LinearExperts(x, experts, routing), TracedPart.FeedForward, start);
    }

    /// <inheritdoc/>
    public Tensor CombineExperts(Tensor x, ExpertRouting routing)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.CombineExperts(x, routing);
        Add(TracedPart.FeedForward, start);
        return y;
    }

    /// <inheritdoc/>
    public Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options)
    {
        long start = Stopwatch.GetTimestamp();
        Tensor y = inner.CrossEntropy(hidden, head, labels, options);
        Add(TracedPart.Projection, start);
        return y;
    }

    private Tensor Made(Tensor result, TracedPart part, long start)
    {
        Add(part, start);
        if (part != TracedPart.Other)
            _made[result] = part;
        return result;
    }

    /// <summary>Only what attention or an activation gave is a sign; a sum of both is neither.</summary>
    private TracedPart? PartOf(Tensor x) => _made.TryGetValue(x, out TracedPart part) ? part : null;

    private void Open(Tensor result, long ticks)
    {
        lock (_lock)
            _open[result] = ticks;
    }

    private void Close(Tensor? operand, TracedPart part)
    {
        if (operand is null)
            return;
        lock (_lock)
        {
            if (_open.Remove(operand, out long ticks))
                _ticks[(int)part] += ticks;
        }
    }

    /// <summary>What was still to be told of x is now to be told of y.</summary>
    private void Follow(Tensor x, Tensor y)
    {
        lock (_lock)
        {
            if (_open.Remove(x, out long ticks))
                _open[y] = ticks;
        }
    }

    /// <summary>A new pass begins: what no attention and no activation took was a projection.</summary>
    private void Settle()
    {
        lock (_lock)
        {
            _ticks[(int)TracedPart.Projection] += _open.Values.Sum();
            _open.Clear();
        }

        _made.Clear();
    }

    private void Add(TracedPart part, long start)
    {
        long ticks = Stopwatch.GetTimestamp() - start;
        lock (_lock)
            _ticks[(int)part] += ticks;
    }
}
