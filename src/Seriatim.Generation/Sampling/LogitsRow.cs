using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// The logits of one row on their way through the processors, with what they may look at. A token that is dropped has negative
/// infinity; the others are the candidates.
/// </summary>
/// <remarks>
/// An engine has one of these and uses it for every row, so that choosing a token allocates nothing. It belongs to a processor
/// while <see cref="LogitsProcessor.Apply"/> runs, and to nobody else: what is kept of it longer, spans included, shows the
/// rows of other requests, and writing there spoils them. Copy what is needed later.
/// </remarks>
public sealed partial class LogitsRow
{
    private readonly GumbelRace _race;

    /// <summary>A row outside an engine, to try a processor with.</summary>
    /// <param name="logits">One for each id.</param>
    /// <param name="prompt">Ids of the prompt.</param>
    /// <param name="output">New ids so far.</param>
    /// <param name="seed">Key of random numbers.</param>
    public LogitsRow(ReadOnlySpan<float> logits, ReadOnlySpan<int> prompt, ReadOnlySpan<int> output, ulong seed = 0)
        : this(logits.Length)
    {
        (Tokens, PromptLength, Seed) = ([.. prompt, .. output], prompt.Length, seed);
        Load(logits);
    }

    internal LogitsRow(int vocabulary)
    {
        (Values, _keys) = (new float[vocabulary], new ulong[vocabulary]);
        (_stamps, _counts) = (new int[vocabulary], new int[vocabulary]);
        _race = new GumbelRace(vocabulary);
    }

    /// <summary>
    /// One logit for each id, to read and to write. In beam search they are log-probabilities. Writing them is always safe: what
    /// the members below work out is worked out anew.
    /// </summary>
    public Span<float> Logits
    {
        get
        {
            _lent = true;
            return Values;
        }
    }

    /// <summary>Number of ids.</summary>
    public int Vocabulary => Values.Length;

    /// <summary>Prompt and output so far.</summary>
    public ReadOnlySpan<int> History => CollectionsMarshal.AsSpan(Tokens);

    /// <summary>Output so far.</summary>
    public ReadOnlySpan<int> Output => History[PromptLength..];

    /// <summary>Tokens of the prompt.</summary>
    public int PromptLength { get; internal set; }

    /// <summary>New tokens so far.</summary>
    public int Step => Tokens.Count - PromptLength;

    /// <summary>The encoder's input; empty for models without an encoder.</summary>
    public ReadOnlyMemory<int> EncoderInput { get; internal set; }

    /// <summary>The request's seed.</summary>
    public ulong Seed { get; internal set; }

    /// <summary>Number of the sequence within its request: part of the key of random numbers.</summary>
    public int SequenceIndex { get; internal set; }

    /// <summary>The logits for those who touch the row themselves.</summary>
    internal float[] Values { get; }

    /// <summary>Prompt and output so far.</summary>
    internal List<int> Tokens { get; set; } = [];

    /// <summary>
    /// A random number between 0 and 1, exclusive: a function of seed, sequence, step and <paramref name="index"/> alone, so that
    /// a request gives the same tokens under any load. Each index has a number of its own.
    /// </summary>
    public double Uniform(uint index) => CounterRandom.Unit(
        CounterRandom.Next(Seed, (uint)SequenceIndex, (uint)Step, CounterRandom.User, index).A);

    /// <summary>Whether a token cannot be chosen any more.</summary>
    public bool IsDropped(int id) => float.IsNegativeInfinity(Values[id]);

    /// <summary>Drops a token.</summary>
    public void Drop(int id)
    {
        Values[id] = float.NegativeInfinity;
        Touch();
    }

    /// <summary>Drops the tokens of a mask.</summary>
    public void Drop(TokenMask mask) => Select(mask, ulong.MaxValue);

    /// <summary>Drops all tokens but those of a mask.</summary>
    public void Keep(TokenMask mask) => Select(mask, 0);

    /// <summary>Drops all but the best <paramref name="count"/> candidates; ties: the smaller id stays.</summary>
    public void KeepTop(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!IsListed && count <= MostInHeap && count < Values.Length)
        {
            KeepByHeap(count);
            return;
        }

        Top(count);
        for (int i = count; i < _count; i++)
            Values[IdOf(_keys[i])] = float.NegativeInfinity;
        _count = Math.Min(count, _count);
    }

    /// <summary>Drops the candidates whose logit is below a number.</summary>
    public void KeepFrom(double least)
    {
        if (!IsListed)
        {
            LogitsScan.DropBelow(Values, least);
            return;
        }

        int kept = 0;
        int sorted = 0;
        for (int i = 0; i < _count; i++)
        {
            int id = IdOf(_keys[i]);
            if (Values[id] < least)
            {
                Values[id] = float.NegativeInfinity;
                continue;
            }

            if (i < _sorted)
                sorted++;
            _keys[kept++] = _keys[i];
        }

        (_count, _sorted) = (kept, sorted);
    }

    /// <summary>Writes the best candidates, best first (ties: the smaller id), and returns how many there are.</summary>
    public int Top(Span<int> ids)
    {
        ReadOnlySpan<ulong> keys = Top(ids.Length);
        for (int i = 0; i < keys.Length; i++)
            ids[i] = IdOf(keys[i]);
        return keys.Length;
    }

    /// <summary>The best logit of the candidates; negative infinity: there are none.</summary>
    public double Max()
    {
        if (!IsShort)
            return LogitsScan.TryMax(Values, out float best) ? best : double.NaN;
        float max = float.NegativeInfinity;
        foreach (ulong key in Candidates)
            max = Math.Max(max, Values[IdOf(key)]);
        return max;
    }

    /// <summary>
    /// Best logit and <c>Σ exp(logit - best)</c> of the candidates: a token's probability is <c>exp(logit - best) / sum</c>.
    /// Without candidates negative infinity and 0.
    /// </summary>
    public (double Max, double Sum) SoftmaxParts()
    {
        double max = Max();
        if (double.IsNegativeInfinity(max))
            return (max, 0);
        if (!IsShort)
            return (max, LogitsScan.SumExp(Values, max));
        double sum = 0;
        foreach (ulong key in Candidates)
            sum += PlainMath.Exp(Values[IdOf(key)] - max);
        return (max, sum);
    }

    /// <summary>Takes the logits of a row over. Candidates are counted when the first truncation asks.</summary>
    internal void Load(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(Values);
        TakeBack();
    }

    /// <summary>Takes the log-probabilities of a row over: its logits less their log-sum-exp.</summary>
    internal void LoadLogprobs(ReadOnlySpan<float> logits, double total)
    {
        LogitsScan.Logprobs(logits, total, Values);
        TakeBack();
    }

    /// <summary>Draws a candidate.</summary>
    internal int Race() => IsShort ? GumbelRace.AmongFew(this, Candidates) : _race.AmongAll(this);

    /// <summary>Entropy of the candidates in nats.</summary>
    internal double Entropy(double max, double sum)
    {
        double log = PlainMath.Log(sum);
        double entropy = 0;
        foreach (ulong key in Candidates)
        {
            double logprob = Values[IdOf(key)] - max - log;
            entropy -= PlainMath.Exp(logprob) * logprob;
        }

        return entropy;
    }

    private void Select(TokenMask mask, ulong flip)
    {
        if (mask.Vocabulary != Vocabulary)
        {
            throw new ArgumentException($"The mask is for {mask.Vocabulary} ids; the row has {Vocabulary}. Make it for the "
                + "model's vocabulary.", nameof(mask));
        }

        LogitsScan.Keep(Values, mask.AsSpan(), flip);
        Touch();
    }
}
