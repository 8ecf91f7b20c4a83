namespace Seriatim.Models;

/// <summary>
/// Latent attention in its absorbed form: with <c>c = norm(down(x))</c> and <c>t = rope(turn(x))</c> the keys and values of all
/// heads are <c>[c | t]</c>, a query is <c>[q W_k | rope(q')]</c>, and <c>o(W_v attention)</c> comes out.
/// </summary>
internal sealed class LatentLayer : Mixer
{
    private readonly LinearWeight? _queryDown;
    private readonly NormWeight? _queryNorm;
    private readonly LinearWeight _q;
    private readonly LinearWeight _queryTurn;
    private readonly LinearWeight _latent;
    private readonly LinearWeight _turn;
    private readonly NormWeight _norm;
    private readonly LinearWeight[] _keys;
    private readonly LinearWeight[] _values;
    private readonly LinearWeight _o;
    private readonly MixerSpec.Latent _spec;
    private readonly AttentionSpec _attention;
    private readonly MemoryPlace _place;

    public LatentLayer(WeightBuilder weights, MixerSpec.Latent spec, int width, MemoryPlace place)
    {
        weights = weights.For(OpPart.Attention);
        (int heads, int rank) = (spec.Heads, spec.Rank);
        var norm = new NormSpec(NormKind.Rms, spec.Epsilon, Bias: false);
        (int inputs, string of) = (width, $"hidden size {width}");
        if (spec.QueryRank is { } queries)
        {
            _queryDown = weights.Linear("q_down", queries, width, spec.Bias, $"query rank {queries}, {of}");
            _queryNorm = weights.Norm("q_norm", norm, queries);
            (inputs, of) = (queries, $"query rank {queries}");
        }

        _q = weights.Linear("q", heads * spec.KeyDim, inputs, bias: false, $"heads {heads} x {spec.KeyDim} features, {of}");
        _queryTurn = weights.Linear("q_turn", heads * spec.TurnDim, inputs, bias: false,
            $"heads {heads} x {spec.TurnDim} rotary features, {of}");
        _latent = weights.Linear("latent", rank, width, spec.Bias, $"latent rank {rank}, hidden size {width}");
        _turn = weights.Linear("turn", spec.TurnDim, width, spec.Bias, $"{spec.TurnDim} rotary features, hidden size {width}");
        _norm = weights.Norm("norm", norm, rank);
        _keys = new LinearWeight[heads];
        _values = new LinearWeight[heads];
        for (int head = 0; head < heads; head++)
        {
            _keys[head] = weights.Linear($"keys.{head}", rank, spec.KeyDim, bias: false,
                $"heads {heads} x {spec.KeyDim} features, latent rank {rank}", MathF.Sqrt((float)spec.KeyDim / rank));
            _values[head] = weights.Linear($"values.{head}", spec.ValueDim, rank, bias: false,
                $"heads {heads} x {spec.ValueDim} features of values, latent rank {rank}");
        }

        _o = weights.Linear("o", width, heads * spec.ValueDim, spec.Bias,
            $"heads {heads} x {spec.ValueDim} features of values, hidden size {width}");
        _attention = new AttentionSpec(heads, 1, rank + spec.TurnDim, spec.Scale) { SharesValues = true };
        (_spec, _place) = (spec, place);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        // The angles come first: they are what can be refused, and nothing is held yet.
        RopeRows angles = plan.Rope(_spec.Position, _spec.TurnDim);
        using Tensor keys = Keys(ops, x, plan, angles);
        using Tensor queries = Queries(ops, x, plan, angles);
        AttentionSpec spec = plan.Rates.Attention == 0
            ? _attention
            : _attention with { Dropout = plan.NextMask(plan.Rates.Attention) };
        using Tensor mixed = ops.Attention(queries, keys, keys, plan.Self(_place.Kind), _place.Layer, spec);
        using Tensor values = ops.LinearHeads(mixed, _values, plan.Groups);
        return ops.Linear(values, _o, plan.Groups);
    }

    /// <summary>What is remembered of each row: <c>[N, R + P]</c>.</summary>
    private Tensor Keys(IOps ops, Tensor x, ForwardPlan plan, RopeRows angles)
    {
        (Tensor latent, Tensor turn) = ops.LinearMany(x, _latent, _turn, plan.Groups);
        using (latent)
        using (turn)
        {
            using Tensor normed = ops.Norm(latent, _norm);
            using Tensor turned = ops.Rope(turn, angles);
            return ops.JoinColumns(normed, turned);
        }
    }

    /// <summary>Queries in the features of what is remembered: <c>[N, H · (R + P)]</c>.</summary>
    private Tensor Queries(IOps ops, Tensor x, ForwardPlan plan, RopeRows angles)
    {
        using Tensor source = Source(ops, x, plan);
        (Tensor q, Tensor turn) = ops.LinearMany(source, _q, _queryTurn, plan.Groups);
        using (q)
        using (turn)
        {
            using Tensor absorbed = ops.LinearHeads(q, _keys, plan.Groups);
            using Tensor turned = ops.Rope(turn, angles);
            return ops.JoinColumns(absorbed, turned, _spec.Heads);
        }
    }

    private Tensor Source(IOps ops, Tensor x, ForwardPlan plan)
    {
        if (_queryDown is null)
            return x.Retain();
        using Tensor down = ops.Linear(x, _queryDown, plan.Groups);
        return ops.Norm(down, _queryNorm!);
    }
}
