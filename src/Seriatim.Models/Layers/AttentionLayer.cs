namespace Seriatim.Models;

/// <summary>Multi-head self-attention: <c>o(attention(rope(q(x)), rope(k(x)), v(x)))</c>.</summary>
internal sealed class AttentionLayer : Mixer
{
    private readonly LinearWeight _q;
    private readonly LinearWeight _k;
    private readonly LinearWeight _v;
    private readonly LinearWeight _o;
    private readonly AttentionSpec _spec;
    private readonly PositionSpec.Rope? _rope;
    private readonly MemoryPlace _place;

    /// <param name="weights">The path of this layer.</param>
    /// <param name="spec">Its spec.</param>
    /// <param name="width">Features of a row, E.</param>
    /// <param name="bias">The bias of scores that the stack shares, or null.</param>
    /// <param name="place">Where it finds its part of a memory.</param>
    public AttentionLayer(WeightBuilder weights, MixerSpec.Attention spec, int width, AttentionBias? bias, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        int queries = spec.Heads * spec.HeadDim;
        int keys = spec.KeyValueHeads * spec.HeadDim;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        string whyKeys = $"key/value heads {spec.KeyValueHeads} x head dimension {spec.HeadDim}, hidden size {width}";

        // Scores must begin with a deviation near 1, also where they are not divided by sqrt(D) (T5; Raffel et al., 2019, code).
        _q = weights.Linear("q", queries, width, spec.InputBias, why, spec.Scale == 1 ? 1 / MathF.Sqrt(spec.HeadDim) : 1);
        _k = weights.Linear("k", keys, width, spec.InputBias, whyKeys);
        _v = weights.Linear("v", keys, width, spec.InputBias, whyKeys);
        _o = weights.Linear("o", width, queries, spec.OutputBias, why);
        _rope = spec.Position as PositionSpec.Rope;
        _spec = new AttentionSpec(
            spec.Heads, spec.KeyValueHeads, spec.HeadDim, spec.Scale, spec.Window, Sinks: 0, spec.SoftCap, bias)
        {
            Additive = spec.IsAdditive ? weights.Score("score", spec.Heads, spec.HeadDim, why) : null,
            Chunk = spec.Chunk,
            ChunksBefore = spec.ChunksBefore,
        };
        _place = place;
    }

    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        // The angles come first: they are what can be refused, and nothing is held yet.
        RopeRows? angles = _rope is null ? null : plan.Rope(_rope, _spec.HeadDim);
        RopeRows? sinkAngles = _rope is null ? null : plan.SinkRope(_rope, _spec.HeadDim);
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(x, _q, _k, _v, plan.Groups);
        Tensor? sinkQueries = sinkAngles is null ? null : ops.Rope(q, sinkAngles);
        if (angles is not null)
            (q, k) = (Turn(ops, q, angles), Turn(ops, k, angles));

        using (q)
        using (k)
        using (v)
        using (sinkQueries)
        {
            using Tensor mixed = ops.Attention(q, k, v, plan.Self(_place.Kind), _place.Layer, Dropped(plan), sinkQueries);
            return ops.Linear(mixed, _o, plan.Groups);
        }
    }

    /// <summary>
    /// Attention of x <c>[N, E]</c> to the encoder's output: its keys and values are made once and then read from memory.
    /// </summary>
    public Tensor ForwardCross(IOps ops, Tensor x, ForwardPlan plan)
    {
        AttentionRows cross = plan.Cross(_place.Kind);
        using Tensor q = ops.Linear(x, _q, plan.Groups);
        (Tensor? k, Tensor? v) = plan.HasEncoderRows
            ? ops.LinearMany(plan.Encoded!, _k, _v, plan.EncodedGroups)
            : (null, null);
        using (k)
        using (v)
        {
            using Tensor mixed = ops.Attention(q, k, v, cross, _place.Layer, Dropped(plan));
            return ops.Linear(mixed, _o, plan.Groups);
        }
    }

    private AttentionSpec Dropped(ForwardPlan plan) => plan.Rates.Attention == 0
        ? _spec
        : _spec with { Dropout = plan.NextMask(plan.Rates.Attention) };

    private static Tensor Turn(IOps ops, Tensor x, RopeRows angles)
    {
        using (x)
            return ops.Rope(x, angles);
    }
}
