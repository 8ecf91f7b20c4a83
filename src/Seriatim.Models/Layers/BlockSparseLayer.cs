namespace Seriatim.Models;

/// <summary>
/// Attention between blocks of rows (Zaheer et al., 2020: BigBird): the layers around it are those of any attention.
/// </summary>
internal sealed class BlockSparseLayer : Mixer
{
    private readonly LinearWeight _q, _k, _v, _o;
    private readonly MixerSpec.BlockSparse _spec;
    private readonly GatheredAttentionSpec _attention;

    public BlockSparseLayer(WeightBuilder weights, MixerSpec.BlockSparse spec, int width)
    {
        if (spec.BlockSize < 1 || spec.RandomBlocks < 0)
        {
            throw new NotSupportedException(
                $"Blocks of {spec.BlockSize} rows with {spec.RandomBlocks} at random; at least 1 and 0 are needed.");
        }

        weights = weights.For(OpPart.Attention);
        int features = spec.Heads * spec.HeadDim;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        _q = weights.Linear("q", features, width, spec.InputBias, why);
        _k = weights.Linear("k", features, width, spec.InputBias, why);
        _v = weights.Linear("v", features, width, spec.InputBias, why);
        _o = weights.Linear("o", width, features, spec.OutputBias, why);
        _spec = spec;
        _attention = new GatheredAttentionSpec(spec.Heads, spec.HeadDim, spec.Scale);
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        GatheredRows blocks = plan.Once(_spec, batch => BlockSparseRows.Of(batch, _spec));
        DropoutMask mask = plan.NextMask(plan.Rates.Attention);
        (Tensor q, Tensor k, Tensor v) = ops.LinearMany(x, _q, _k, _v, plan.Groups);
        using (q)
        using (k)
        using (v)
        {
            (Tensor mixed, Tensor sums) = ops.GatheredAttention(q, k, v, blocks, _attention with { Dropout = mask });
            using (mixed)
            using (sums)
                return ops.Linear(mixed, _o, plan.Groups);
        }
    }
}
