namespace Seriatim.Models;

/// <summary>Attention among rows that hash alike, with shared queries and keys: see the spec.</summary>
internal sealed class HashedAttentionLayer : Mixer
{
    /// <summary>The score of a row for itself: it is seen only by who sees nobody else.</summary>
    private const float OwnScore = -1e5f;

    private readonly LinearWeight _queries;
    private readonly LinearWeight _values;
    private readonly LinearWeight _o;
    private readonly MixerSpec.HashedAttention _spec;
    private readonly HashRotations _rotations;
    private readonly NormWeight _unit;
    private readonly GatheredAttentionSpec _attention;

    public HashedAttentionLayer(WeightBuilder weights, MixerSpec.HashedAttention spec, int width)
    {
        Require(spec);
        weights = weights.For(OpPart.Attention);
        int features = spec.Heads * spec.HeadDim;
        string why = $"heads {spec.Heads} x head dimension {spec.HeadDim}, hidden size {width}";
        _queries = weights.Linear("qk", features, width, bias: false, why);
        _values = weights.Linear("v", features, width, bias: false, why);
        _o = weights.Linear("o", width, features, bias: false, why);
        _spec = spec;
        _rotations = spec.Rotations ?? Drawn(spec);

        // Keys have the length sqrt(D), so a score is at most the length of the query.
        _unit = new NormWeight(NormKind.Rms, null, null, 1e-6f) { Width = spec.HeadDim };
        _attention = new GatheredAttentionSpec(spec.Heads, spec.HeadDim, (float)(1 / Math.Sqrt(spec.HeadDim)))
        {
            Causal = true,
            OwnScore = OwnScore,
        };
    }

    /// <summary>x <c>[N, E] → [N, E]</c>.</summary>
    public override Tensor Forward(IOps ops, Tensor x, ForwardPlan plan)
    {
        (Tensor q, Tensor v) = ops.LinearMany(x, _queries, _values, plan.Groups);
        using (q)
        using (v)
        {
            using Tensor k = ops.Norm(q, _unit);
            int[] buckets = plan.Decide(() => Buckets(ops, q, plan.Batch.Segments));
            var parts = new Tensor[_spec.Rounds];
            var logSumExps = new Tensor[_spec.Rounds];
            int made = 0;
            try
            {
                foreach (GatheredRows rows in HashedRounds.Of(_spec, plan.Batch.Segments, buckets))
                {
                    (parts[made], logSumExps[made]) = ops.GatheredAttention(q, k, v, rows, Dropped(plan));
                    made++;
                }

                using Tensor mixed = ops.JoinSoftmaxes(parts, logSumExps);
                return ops.Linear(mixed, _o, plan.Groups);
            }
            finally
            {
                for (int round = 0; round < made; round++)
                {
                    parts[round].Dispose();
                    logSumExps[round].Dispose();
                }
            }
        }
    }

    /// <summary>
    /// The bucket of each row, head and round, <c>[N, H, R]</c>. They decide who is sorted where, so the host waits for them.
    /// </summary>
    internal int[] Buckets(IOps ops, Tensor queries, IReadOnlyList<Segment> segments)
    {
        var ranges = new List<HashRange>();
        foreach (Segment segment in segments)
        {
            if (_spec.FilledLength(segment.Rows) is var filled && filled > _spec.Chunk)
                ranges.Add(new HashRange(segment.FirstRow, segment.Rows, _spec.Buckets.For(filled, _spec.Chunk)));
        }

        if (ranges.Count == 0)
            return [];
        using Tensor hashed = ops.HashBuckets(queries, _rotations, ranges);
        ReadOnlySpan<float> values = hashed.Read().Values;
        int[] buckets = new int[values.Length];
        for (int i = 0; i < buckets.Length; i++)
            buckets[i] = (int)values[i];
        return buckets;
    }

    private GatheredAttentionSpec Dropped(ForwardPlan plan) => plan.Rates.HashedAttention == 0
        ? _attention
        : _attention with { Dropout = plan.NextMask(plan.Rates.HashedAttention) };

    private static void Require(MixerSpec.HashedAttention spec)
    {
        if (spec.Rounds < 1)
            throw new NotSupportedException($"{spec.Rounds} rounds of hashing give no result; at least 1 is needed.");
        if (spec.Chunk < 1 || spec.FillMultiple % spec.Chunk != 0)
        {
            throw new NotSupportedException(
                $"Sequences filled to multiples of {spec.FillMultiple} are not cut into chunks of {spec.Chunk}.");
        }

        if (spec.Rotations is { } given && (given.Heads, given.HeadDim, given.Rounds) != (spec.Heads, spec.HeadDim, spec.Rounds))
        {
            throw new NotSupportedException(
                $"The rotations are for {given.Heads} heads x {given.HeadDim} and {given.Rounds} rounds, the layer has " +
                $"{spec.Heads} x {spec.HeadDim} and {spec.Rounds}.");
        }

        if (spec.Rotations is { } rotations && rotations.Directions < spec.Buckets.Directions(spec.Chunk, spec.Chunk))
        {
            throw new NotSupportedException(
                $"The rotations have {rotations.Directions} directions, the buckets need "
                    + $"{spec.Buckets.Directions(spec.Chunk, spec.Chunk)}.");
        }
    }

    /// <summary>Directions that follow from the seed: each number from its head, feature, round and place.</summary>
    private static HashRotations Drawn(MixerSpec.HashedAttention spec)
    {
        int directions = spec.Buckets.Directions(spec.Chunk, spec.FillMultiple);
        float[] values = new float[checked(spec.Heads * spec.HeadDim * spec.Rounds * directions)];
        for (int i = 0; i < values.Length; i++)
        {
            (int row, int place) = Math.DivRem(i, directions);
            values[i] = RandomSource.Normal(RandomSource.Mix(RandomSource.Mix(spec.Seed) + (ulong)row), (ulong)place);
        }

        return new HashRotations(spec.Heads, spec.HeadDim, spec.Rounds, directions, values);
    }
}
