namespace Seriatim.Models;

/// <summary>
/// Multi-head self-attention: <c>o(attention(rope(q(x)), rope(k(x)), v(x)))</c>, with norms, a gate and a temperature where the
/// spec says so.
/// </summary>
internal sealed class AttentionLayer : Mixer
{
    private readonly LinearWeight _q;
    private readonly LinearWeight? _k;
    private readonly LinearWeight? _v;
    private readonly LinearWeight? _gate;
    private readonly LinearWeight _o;
    private readonly HeadNorm? _qNorm;
    private readonly HeadNorm? _kNorm;
    private readonly NormWeight? _vNorm;
    private readonly AttentionSpec _spec;
    private readonly MixerSpec.Attention _own;
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
        _k = spec.KeysOf is null ? weights.Linear("k", keys, width, spec.InputBias, whyKeys) : null;
        _v = spec.KeysOf is null && !spec.ValuesAreKeys ? weights.Linear("v", keys, width, spec.InputBias, whyKeys) : null;
        _gate = spec.OutputGate ? weights.Linear("gate", queries, width, spec.InputBias, why) : null;
        _o = weights.Linear("o", width, queries, spec.OutputBias, why);
        _qNorm = HeadNorm.Build(weights, "q_norm", spec.HeadNorm, spec.Heads, spec.HeadDim);
        _kNorm = spec.KeysOf is null ? HeadNorm.Build(weights, "k_norm", spec.HeadNorm, spec.KeyValueHeads, spec.HeadDim) : null;
        _vNorm = spec.ValueNorm is { } norm
            ? new NormWeight(norm.Kind, null, null, norm.Epsilon) { Width = spec.HeadDim }
            : null;
        _rope = spec.Position as PositionSpec.Rope;
        _spec = new AttentionSpec(
            spec.Heads, spec.KeyValueHeads, spec.HeadDim, spec.Scale, spec.Window, Sinks: 0, spec.SoftCap, bias)
        {
            Additive = spec.IsAdditive ? weights.Score("score", spec.Heads, spec.HeadDim, why) : null,
            Chunk = spec.Chunk,
            ChunksBefore = spec.ChunksBefore,
            SinkLogits = spec.SinkLogits ? weights.Logits("sinks", spec.Heads, $"{spec.Heads} heads") : null,
        };
        (_own, _place) = (spec, place);
    }

    /// <summary>The number of the block.</summary>
    public int Number { get; init; }

    /// <summary>Whether other layers read its keys and values.</summary>
    public bool IsRead { get; init; }

    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        // The angles come first: they are what can be refused, and nothing is held yet.
        RopeRows? angles = _rope is null ? null : plan.Rope(_rope, _spec.HeadDim);
        RopeRows? sinkAngles = _rope is null ? null : plan.SinkRope(_rope, _spec.HeadDim);
        (Tensor q, Tensor k, Tensor v) = Projected(ops, x, plan);
        if (_own.Limit > 0)
            (q, k, v) = (Cut(ops, q), Cut(ops, k), Cut(ops, v));
        q = Before(ops, q, _qNorm);
        if (_own.Temperature is { } temperature)
            q = Replace(q, ops.ScaleRows(q, plan.Temperature(temperature), constant: true));
        Tensor? sinkQueries = sinkAngles is null ? null : After(ops, ops.Rope(q, sinkAngles), null, _qNorm);
        q = After(ops, q, angles, _qNorm);
        if (_own.KeysOf is null)
        {
            k = After(ops, Before(ops, k, _kNorm), angles, _kNorm);
            v = _vNorm is null ? v : Replace(v, ops.Norm(v, _vNorm));
        }

        using (q)
        using (k)
        using (v)
        using (sinkQueries)
        {
            if (IsRead)
                plan.Share(Number, k, v);
            using Tensor mixed = ops.Attention(q, k, v, plan.Self(_place.Kind), _place.Layer, Dropped(plan), sinkQueries);
            using Tensor gated = Gated(ops, x, mixed, plan);
            return ops.Linear(gated, _o, plan.Groups);
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
            ? ops.LinearMany(plan.Encoded!, _k!, _v!, plan.EncodedGroups)
            : (null, null);
        using (k)
        using (v)
        {
            using Tensor mixed = ops.Attention(q, k, v, cross, _place.Layer, Dropped(plan));
            return ops.Linear(mixed, _o, plan.Groups);
        }
    }

    /// <summary>Queries, and keys and values: its own, or those that another layer has left, which are ready.</summary>
    private (Tensor Q, Tensor K, Tensor V) Projected(IOps ops, Tensor x, ForwardPlan plan)
    {
        if (_own.KeysOf is { } other)
        {
            (Tensor keys, Tensor values) = plan.Shared(other);
            return (ops.Linear(x, _q, plan.Groups), keys.Retain(), values.Retain());
        }

        if (_v is not null)
            return ops.LinearMany(x, _q, _k!, _v, plan.Groups);
        (Tensor q, Tensor k) = ops.LinearMany(x, _q, _k!, plan.Groups);
        return (q, k, k.Retain());
    }

    private Tensor Gated(IOps ops, Tensor x, Tensor mixed, ForwardPlan plan)
    {
        if (_gate is null)
            return mixed.Retain();
        using Tensor gate = ops.Linear(x, _gate, plan.Groups);
        return ops.GatedActivate(gate, mixed, Activation.Sigmoid);
    }

    private AttentionSpec Dropped(ForwardPlan plan) => plan.Rates.Attention == 0
        ? _spec
        : _spec with { Dropout = plan.NextMask(plan.Rates.Attention) };

    private Tensor Cut(IOps ops, Tensor x) => Replace(x, ops.Clamp(x, -_own.Limit, _own.Limit));

    private static Tensor Before(IOps ops, Tensor x, HeadNorm? norm) =>
        norm is { AfterRotation: false } ? norm.Replace(ops, x) : x;

    /// <summary>The rotation, and a norm that stands after it; takes x over.</summary>
    private static Tensor After(IOps ops, Tensor x, RopeRows? angles, HeadNorm? norm)
    {
        if (angles is not null)
            x = Replace(x, ops.Rope(x, angles));
        return norm is { AfterRotation: true } ? norm.Replace(ops, x) : x;
    }

    private static Tensor Replace(Tensor old, Tensor next)
    {
        old.Dispose();
        return next;
    }
}
