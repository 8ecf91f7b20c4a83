namespace Seriatim.Tensors;

/// <summary>Which keys of its own sequence a query may see, before any window.</summary>
public enum Visibility
{
    /// <summary>Keys at its own position and before.</summary>
    Causal,

    /// <summary>All keys.</summary>
    Full,

    /// <summary>All keys stored before this batch, its ancestors in the segment's tree, and itself.</summary>
    Tree,
}

/// <summary>
/// One sequence's part of an attention call: queries are rows <c>[QueryRow, QueryRow + Queries)</c> of q; the new keys and
/// values are rows <c>[KeyRow, KeyRow + Keys)</c> of k and v and take the positions <c>Past, Past + 1, ...</c>.
/// </summary>
/// <param name="QueryRow">First row of q.</param>
/// <param name="Queries">Rows of q; query i stands at position <c>Past + i</c> when it is causal.</param>
/// <param name="KeyRow">First row of k and v.</param>
/// <param name="Keys">Rows of k and v; 0 when all keys are stored already (cross-attention after the first step).</param>
/// <param name="Past">Keys of this sequence that are stored in its pages already.</param>
/// <param name="Pages">
/// Page numbers in the pool of the call, in the order of positions, enough for <c>Past + Keys</c>; new keys and values are
/// written there. A page that lies outside every window may be -1. Null: nothing is stored and Past is 0 (training, encoders).
/// </param>
/// <param name="Visibility">What the queries see.</param>
/// <param name="Parents">
/// For <see cref="Visibility.Tree"/>: for each of the segment's rows the row (within the segment, smaller than its own) it
/// continues, or -1 if it continues the stored past. Row r is stored at position <c>Past + r</c>, but stands at
/// <c>Past + depth(r)</c>.
/// </param>
public sealed record AttentionSegment(
    int QueryRow, int Queries, int KeyRow, int Keys, int Past, IReadOnlyList<int>? Pages, Visibility Visibility,
    int[]? Parents = null)
{
    /// <summary>
    /// If above 0, this sequence remembers only so many of its last positions, and its <see cref="Sinks"/> (Xiao et al.,
    /// 2023: StreamingLLM): layers without a window, or with a wider one, see these. Positions of keys in the window are
    /// true, so their distances are below Window; the sinks are seen from position <c>min(i, Sinks + Window - 1)</c>, as
    /// if they stood directly before the window.
    /// </summary>
    public int Window { get; init; }

    /// <summary>With a <see cref="Window"/>: the first keys of the sequence that stay visible.</summary>
    public int Sinks { get; init; }
}

/// <summary>The segments of one attention call; made once per forward pass and shared by all layers of one stack.</summary>
/// <param name="Segments">Every row of q belongs to exactly one segment, in order.</param>
/// <param name="Pool">Where the pages of the segments live; null if no segment has any.</param>
public sealed record AttentionRows(IReadOnlyList<AttentionSegment> Segments, KeyValuePool? Pool)
{
    /// <summary>How the kernels cut the work: made by the first layer, used by all.</summary>
    internal AttentionTask? Task { get; set; }

    /// <summary>Rows that go into pages, before each segment and in all: made by the first layer as well.</summary>
    internal int[]? StoredRows { get; set; }
}

/// <summary>The shape and the rule of one attention layer.</summary>
/// <param name="Heads">Query heads, H.</param>
/// <param name="KeyValueHeads">Key/value heads, K; divides H. Query head h reads key head <c>h / (H / K)</c>.</param>
/// <param name="HeadDim">Features of a head, D.</param>
/// <param name="Scale">Factor of the scores before anything else: <c>1 / sqrt(D)</c> as a rule, 1 in T5.</param>
/// <param name="Window">
/// If above 0, query i sees key j only if <c>i - j &lt; Window</c> (and, when
/// <see cref="Visibility.Full"/>, <c>j - i &lt; Window</c>).
/// </param>
/// <param name="Sinks">With a window: the first keys of the sequence that stay visible, seen at their true distance.</param>
/// <param name="SoftCap">If above 0, scaled scores become <c>cap · tanh(score / cap)</c> before the bias (Gemma 2).</param>
/// <param name="Bias">Added to the scores; null for none.</param>
public sealed record AttentionSpec(
    int Heads, int KeyValueHeads, int HeadDim, float Scale, int Window = 0, int Sinks = 0, float SoftCap = 0,
    AttentionBias? Bias = null)
{
    /// <summary>
    /// Drops weights after the softmax: row <c>n · H + h</c> of the mask for row n of q and head h, column j for key j of
    /// its segment. For training: not with pages.
    /// </summary>
    public DropoutMask Dropout { get; init; }

    /// <summary>
    /// If not null, a score is <c>w_h · tanh(q_i + k_j)</c> in place of <c>q_i · k_j</c>, with this <c>[1, H·D]</c> as the w of
    /// all heads (Bahdanau et al., 2015, section 3.1). Every head has keys of its own then.
    /// </summary>
    public Parameter? Additive { get; init; }

    /// <summary>
    /// If above 0, positions are cut into chunks of so many from position 0 on, and a query sees the keys of its own chunk and of
    /// <see cref="ChunksBefore"/> chunks before it (Kitaev et al., 2020: Reformer's local attention). Instead of a window.
    /// </summary>
    public int Chunk { get; init; }

    /// <summary>With a <see cref="Chunk"/>: the chunks before its own that a query sees.</summary>
    public int ChunksBefore { get; init; }

    /// <summary>
    /// Whether the values are the keys, so that pages hold keys alone (<see cref="KeyValuePool.SharesValues"/>): the latents of
    /// DeepSeek-V2 (DeepSeek-AI, 2024, section 2.1), which queries are compared with and which are added up.
    /// </summary>
    public bool SharesValues { get; init; }

    /// <summary>
    /// A learned logit of each head, <c>[1, H]</c>, that enters every softmax as one more key which all rows see and which has no
    /// value, so that the weights of a row may sum to less than 1 (Miller, 2023; OpenAI, 2025: gpt-oss); null: none.
    /// </summary>
    public Parameter? SinkLogits { get; init; }
}

/// <summary>What is added to the score of a query at i and a key at j, depending on <c>j - i</c> and the head.</summary>
public abstract record AttentionBias
{
    private AttentionBias()
    {
    }

    /// <summary><c>-slope[h] · |j - i|</c> (Press et al., 2021: ALiBi; both ways in encoders).</summary>
    /// <param name="Slopes">One positive slope a head.</param>
    public sealed record Alibi(float[] Slopes) : AttentionBias;

    /// <summary>A learned value for each bucket of distances and each head (Raffel et al., 2019: T5, section 2.1).</summary>
    /// <param name="Table"><c>[Buckets, H]</c>, trainable.</param>
    /// <param name="Bidirectional">Half of the buckets are for keys after the query (encoder).</param>
    /// <param name="MaxDistance">Distances from here on share the last bucket.</param>
    public sealed record Relative(Parameter Table, bool Bidirectional, int MaxDistance) : AttentionBias
    {
        private int[]? _buckets;

        /// <summary>
        /// Buckets of the distances <c>-MaxDistance - 16</c> to <c>MaxDistance + 15</c>. Beyond MaxDistance the bucket does not
        /// change, so any 16 neighbouring distances have their like in here.
        /// </summary>
        internal int[] Buckets => _buckets ??= [.. Enumerable.Range(-MaxDistance - 16, 2 * MaxDistance + 32).Select(Bucket)];

        /// <summary>
        /// The bucket of a distance <c>j - i</c>: exact near zero, logarithmic up to <see cref="MaxDistance"/>.
        /// </summary>
        public int Bucket(int distance)
        {
            int buckets = Table.Rows;
            int first = 0;
            if (Bidirectional)
            {
                buckets /= 2;
                first = distance > 0 ? buckets : 0;
                distance = Math.Abs(distance);
            }
            else
            {
                distance = Math.Max(-distance, 0);
            }

            int exact = buckets / 2;
            if (distance < exact)
                return first + distance;
            float span = (float)PlainMath.Log((float)MaxDistance / exact);
            float position = (float)PlainMath.Log((float)distance / exact) / span * (buckets - exact);
            return first + Math.Min(exact + (int)position, buckets - 1);
        }
    }
}
