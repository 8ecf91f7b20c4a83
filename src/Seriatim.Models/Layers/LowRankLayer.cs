namespace Seriatim.Models;

/// <summary>
/// Attention to projected keys and values (Wang et al., 2020: Linformer): a projection along the length, then attention of
/// all rows to the few that came out.
/// </summary>
internal sealed class LowRankLayer : Mixer
{
    private readonly LinearWeight _q, _k, _o;
    private readonly LinearWeight? _v; // null: values are keys
    private readonly Parameter _projectKeys;
    private readonly Parameter? _projectValues;
    private readonly AttentionSpec _spec;
    private readonly int _rank;

    public LowRankLayer(WeightBuilder weights, MixerSpec.LowRank spec, int width)
    {
        weights = weights.For(OpPart.Attention);
        int queries = spec.Heads * spec.HeadDim, keyHeads = spec.OneKeyHead ? 1 : spec.Heads;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        string whyKeys = $"key/value heads {keyHeads} x head dimension {spec.HeadDim}, hidden size {width}";
        string whyLength = $"length {spec.Length}, projected rows {spec.Rank}";
        _q = weights.Linear("q", queries, width, bias: false, why);
        _k = weights.Linear("k", keyHeads * spec.HeadDim, width, bias: false, whyKeys);
        _v = spec.SharesKeys ? null : weights.Linear("v", keyHeads * spec.HeadDim, width, bias: false, whyKeys);
        _projectKeys = weights.Table("project_k", spec.Length, spec.Rank, whyLength);
        _projectValues = spec.SharesKeys ? null : weights.Table("project_v", spec.Length, spec.Rank, whyLength);
        _o = weights.Linear("o", width, queries, bias: true, why);
        _spec = new AttentionSpec(spec.Heads, keyHeads, spec.HeadDim, spec.Scale);
        _rank = spec.Rank;
    }

    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        ProjectedRows rows = plan.Once((typeof(ProjectedRows), _rank), batch => ProjectedRows.Of(batch, _rank));
        DropoutMask mask = plan.NextMask(plan.Rates.Attention);
        using Tensor q = ops.Linear(x, _q, plan.Groups);
        using Tensor k = Projected(ops, x, _k, _projectKeys, rows, plan);
        using Tensor v = _v is null ? k.Retain() : Projected(ops, x, _v, _projectValues!, rows, plan);
        using Tensor mixed = ops.Attention(q, k, v, rows.Seen, 0, _spec with { Dropout = mask });
        return ops.Linear(mixed, _o, plan.Groups);
    }

    private static Tensor Projected(
        IOps ops, Tensor x, LinearWeight weight, Parameter table, ProjectedRows rows, ForwardPlan plan)
    {
        using Tensor whole = ops.Linear(x, weight, plan.Groups);
        return ops.ProjectLength(whole, table, rows.Sequences);
    }

    /// <summary>The sequences of a batch, and the projected rows that each sees.</summary>
    private sealed record ProjectedRows(SequenceRows[] Sequences, AttentionRows Seen)
    {
        public static ProjectedRows Of(RaggedBatch batch, int rank) => new(
            [.. batch.Segments.Select(segment => new SequenceRows(segment.FirstRow, segment.Rows))],
            new AttentionRows([.. batch.Segments.Select((segment, i) => new AttentionSegment(
                segment.FirstRow, segment.Rows, i * rank, rank, 0, null, Visibility.Full))], null));
    }
}
