namespace Seriatim.Models;

/// <summary>
/// Attention to a window and to global tokens (Beltagy et al., 2020: Longformer, section 3.1): rows take part with one set of
/// projections, and global tokens look at all rows with a second one.
/// </summary>
internal sealed class LocalGlobalLayer : Mixer
{
    private readonly LinearWeight _q, _k, _v, _o;
    private readonly LinearWeight _globalQ, _globalK, _globalV;
    private readonly MixerSpec.LocalGlobal _spec;
    private readonly GatheredAttentionSpec _local;
    private readonly AttentionSpec _global;
    private readonly object _pattern;

    public LocalGlobalLayer(WeightBuilder weights, MixerSpec.LocalGlobal spec, int width)
    {
        if (spec.Dilations.Count > 0 && (spec.Dilations.Count != spec.Heads || spec.Dilations.Min() < 1))
        {
            throw new NotSupportedException(
                $"{spec.Dilations.Count} dilations ({string.Join(", ", spec.Dilations)}) for {spec.Heads} heads; each head " +
                "needs one of at least 1.");
        }

        if (spec.Window < 0 || spec.Window % 2 != 0)
            throw new NotSupportedException($"A window of {spec.Window} rows has no halves; an even number is needed.");
        weights = weights.For(OpPart.Attention);
        int features = spec.Heads * spec.HeadDim;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        _q = weights.Linear("q", features, width, bias: true, why);
        _k = weights.Linear("k", features, width, bias: true, why);
        _v = weights.Linear("v", features, width, bias: true, why);
        _globalQ = weights.Linear("global_q", features, width, bias: true, why);
        _globalK = weights.Linear("global_k", features, width, bias: true, why);
        _globalV = weights.Linear("global_v", features, width, bias: true, why);
        _o = weights.Linear("o", width, features, bias: true, why);
        _spec = spec;
        _local = new GatheredAttentionSpec(spec.Heads, spec.HeadDim, spec.Scale);
        _global = new AttentionSpec(spec.Heads, spec.Heads, spec.HeadDim, spec.Scale);
        _pattern = (spec.Heads, spec.Window, string.Join(' ', spec.Dilations));
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        GatheredRows windows = plan.Once(_pattern, batch => LocalGlobalRows.Windows(batch, _spec));
        DropoutMask mask = plan.NextMask(plan.Rates.Attention);
        DropoutMask globalMask = plan.NextMask(plan.Rates.Attention);
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(x, _q, _k, _v, plan.Groups);
        using (q)
        using (k)
        using (v)
        {
            (Tensor local, Tensor sums) = ops.GatheredAttention(q, k, v, windows, _local with { Dropout = mask });
            using (local)
            using (sums)
            {
                using Tensor mixed = WithGlobals(ops, x, local, plan, globalMask);
                return ops.Linear(mixed, _o, plan.Groups);
            }
        }
    }

    /// <summary>The rows with those of the global tokens, whose places are empty so far.</summary>
    private Tensor WithGlobals(IOps ops, Tensor x, Tensor local, ForwardPlan plan, DropoutMask mask)
    {
        if (plan.Once<GlobalTokens?>(typeof(GlobalTokens), LocalGlobalRows.Globals) is not { } globals)
            return local.Retain();
        using Tensor own = ops.GatherRows(x, globals.Rows);
        using Tensor q = ops.Linear(own, _globalQ, plan.Groups?.Take(globals.Rows));
        (Tensor k, Tensor v) = ops.LinearMany(x, _globalK, _globalV, plan.Groups);
        using (k)
        using (v)
        {
            using Tensor seen = ops.Attention(q, k, v, globals.Seen, 0, _global with { Dropout = mask });
            using Tensor placed = ops.ScatterRows(seen, globals.Rows, x.Rows);
            return ops.Add(local, placed);
        }
    }
}
