using System.Runtime.InteropServices;

namespace Seriatim.Generation;

/// <summary>
/// The logits of one row on their way through the processors, with what they may look at. Dropped tokens have negative infinity.
/// One is made for an engine and used for every row, so that choosing a token allocates nothing.
/// </summary>
/// <remarks>
/// Candidates are kept as sortable keys: the logit, descending, in the upper half, the id in the lower. Their order is total, so
/// partial sorting gives the same result whatever was sorted before.
/// </remarks>
internal sealed partial class LogitsRow(int vocabulary)
{
    private const int MostInHeap = 1024;
    /// <summary>From this part of the vocabulary on, passes over all logits are faster than those over a list.</summary>
    private const int ManyOf = 16;

    private readonly ulong[] _keys = new ulong[vocabulary];
    private readonly float[] _kept = new float[MostInHeap];
    private readonly int[] _stamps = new int[vocabulary];
    private readonly int[] _counts = new int[vocabulary];
    private readonly GumbelRace _race = new(vocabulary);
    private int _stamp = 1;
    private int _count = -1;
    private int _sorted;

    /// <summary>One logit for each id.</summary>
    public float[] Logits { get; } = new float[vocabulary];

    /// <summary>Prompt and output so far.</summary>
    public List<int> Tokens { get; set; } = [];

    /// <summary>Tokens of the prompt.</summary>
    public int PromptLength { get; set; }

    /// <summary>The encoder's input.</summary>
    public ReadOnlyMemory<int> EncoderInput { get; set; }

    public ulong Seed { get; set; }

    /// <summary>Number of the sequence within its request: part of the key of random numbers.</summary>
    public int SequenceIndex { get; set; }

    public ReadOnlySpan<int> History => CollectionsMarshal.AsSpan(Tokens);

    /// <summary>New tokens so far.</summary>
    public int Step => Tokens.Count - PromptLength;

    /// <summary>Takes the logits of a row over. Candidates are counted when the first truncation asks.</summary>
    public void Load(ReadOnlySpan<float> logits)
    {
        logits.CopyTo(Logits);
        Touch();
    }

    /// <summary>To be called after logits were changed.</summary>
    public void Touch() => _count = -1;

    /// <summary>To be called after logits were changed in a way that keeps their order.</summary>
    public void TouchKeepingOrder()
    {
        if (_count >= 0 && _sorted == 0)
            _count = -1;
    }

    /// <summary>The candidates: keys of all ids that are not dropped, the first <see cref="_sorted"/> of them in order.</summary>
    public ReadOnlySpan<ulong> Candidates
    {
        get
        {
            Gather();
            return _keys.AsSpan(0, _count);
        }
    }

    public static int IdOf(ulong key) => (int)(uint)key;

    /// <summary>The best <paramref name="count"/> candidates (or all), best first.</summary>
    public ReadOnlySpan<ulong> Top(int count)
    {
        Gather();
        count = Math.Min(count, _count);
        if (count > _sorted)
        {
            if (count < _count)
                Select(_sorted, _count, count);
            _keys.AsSpan(_sorted, count - _sorted).Sort();
            _sorted = count;
        }

        return _keys.AsSpan(0, count);
    }

    /// <summary>Drops all but the best <paramref name="count"/> candidates.</summary>
    public void KeepTop(int count)
    {
        if (_count < 0 && count <= MostInHeap && count < Logits.Length)
        {
            KeepByHeap(count);
            return;
        }

        Top(count);
        for (int i = count; i < _count; i++)
            Logits[IdOf(_keys[i])] = float.NegativeInfinity;
        _count = Math.Min(count, _count);
    }

    /// <summary>Drops the candidates below a logit.</summary>
    public void KeepFrom(double least)
    {
        if (!IsListed)
        {
            LogitsScan.DropBelow(Logits, least);
            return;
        }

        int kept = 0;
        int sorted = 0;
        for (int i = 0; i < _count; i++)
        {
            int id = IdOf(_keys[i]);
            if (Logits[id] < least)
            {
                Logits[id] = float.NegativeInfinity;
                continue;
            }

            if (i < _sorted)
                sorted++;
            _keys[kept++] = _keys[i];
        }

        (_count, _sorted) = (kept, sorted);
    }

    /// <summary>Drops the candidates that have been marked with <see cref="float.NegativeInfinity"/>.</summary>
    public void DropMarked() => KeepFrom(float.MinValue);

    /// <summary>The best logit of the candidates.</summary>
    public double Max()
    {
        if (!IsShort)
            return LogitsScan.TryMax(Logits, out float best) ? best : double.NaN;
        float max = float.NegativeInfinity;
        foreach (ulong key in Candidates)
            max = Math.Max(max, Logits[IdOf(key)]);
        return max;
    }

    /// <summary>Best logit and <c>Σ exp(logit - best)</c> of the candidates.</summary>
    public (double Max, double Sum) SoftmaxParts()
    {
        double max = Max();
        if (!IsShort)
            return (max, LogitsScan.SumExp(Logits, max));
        double sum = 0;
        foreach (ulong key in Candidates)
            sum += PlainMath.Exp(Logits[IdOf(key)] - max);
        return (max, sum);
    }

    /// <summary>Draws a candidate.</summary>
    public int Race() => IsShort ? GumbelRace.AmongFew(this, Candidates) : _race.AmongAll(this);

    /// <summary>Entropy of the candidates in nats.</summary>
    public double Entropy(double max, double sum)
    {
        double log = PlainMath.Log(sum);
        double entropy = 0;
        foreach (ulong key in Candidates)
        {
            double logprob = Logits[IdOf(key)] - max - log;
            entropy -= PlainMath.Exp(logprob) * logprob;
        }

        return entropy;
    }

    /// <summary>Starts a set of ids; see <see cref="Add"/>.</summary>
    public void NewSet() => _stamp++;

    /// <summary>Adds an id to the set and returns how often it is there now.</summary>
    public int Add(int id)
    {
        if (_stamps[id] != _stamp)
            (_stamps[id], _counts[id]) = (_stamp, 0);
        return ++_counts[id];
    }

    /// <summary>Takes an id out of the set.</summary>
    public void Forget(int id) => _stamps[id] = 0;

    public int CountOf(int id) => _stamps[id] == _stamp ? _counts[id] : 0;

    private bool IsListed => _count >= 0;

    /// <summary>Whether candidates are listed and few.</summary>
    private bool IsShort => IsListed && _count <= Logits.Length / ManyOf;

    private void Gather()
    {
        if (_count >= 0)
            return;
        int count = 0;
        for (int id = 0; id < Logits.Length; id++)
        {
            if (float.IsNegativeInfinity(Logits[id]))
                continue;
            _keys[count++] = KeyOf(id);
        }

        (_count, _sorted) = (count, 0);
    }

    /// <summary>
    /// Keeps few of many without listing all: the worst of the best so far is at the root of a heap, and nearly every logit is
    /// below it.
    /// </summary>
    private void KeepByHeap(int count)
    {
        int size = 0;
        float least = float.NegativeInfinity;
        for (int id = 0; id < Logits.Length; id++)
        {
            // A later id loses against an equal logit, so it has to be above.
            if (!(Logits[id] > least))
                continue;
            if (size < count)
            {
                _keys[size++] = KeyOf(id);
                if (size == count)
                    MakeHeap(size);
            }
            else
            {
                _keys[0] = KeyOf(id);
                SiftDown(0, size);
            }

            if (size == count)
                least = Logits[IdOf(_keys[0])];
        }

        _keys.AsSpan(0, size).Sort();
        for (int i = 0; i < size; i++)
            _kept[i] = Logits[IdOf(_keys[i])];
        Array.Fill(Logits, float.NegativeInfinity);
        for (int i = 0; i < size; i++)
            Logits[IdOf(_keys[i])] = _kept[i];
        (_count, _sorted) = (size, size);
    }

    private void MakeHeap(int size)
    {
        for (int i = size / 2 - 1; i >= 0; i--)
            SiftDown(i, size);
    }

    /// <summary>The largest key, which is the worst candidate, goes to the root.</summary>
    private void SiftDown(int at, int size)
    {
        ulong key = _keys[at];
        while (true)
        {
            int child = 2 * at + 1;
            if (child >= size)
                break;
            if (child + 1 < size && _keys[child + 1] > _keys[child])
                child++;
            if (_keys[child] <= key)
                break;
            _keys[at] = _keys[child];
            at = child;
        }

        _keys[at] = key;
    }

    private ulong KeyOf(int id)
    {
        int bits = BitConverter.SingleToInt32Bits(Logits[id] + 0f);
        uint ascending = bits < 0 ? ~(uint)bits : (uint)bits | 0x80000000;
        return ((ulong)~ascending << 32) | (uint)id;
    }

    /// <summary>Brings the smallest keys of <c>[first, end)</c> before <paramref name="split"/>, in any order.</summary>
    private void Select(int first, int end, int split)
    {
        while (end - first > 1)
        {
            ulong pivot = Median(_keys[first], _keys[first + (end - first) / 2], _keys[end - 1]);
            (int i, int j) = (first, end - 1);
            while (i <= j)
            {
                while (_keys[i] < pivot)
                    i++;
                while (_keys[j] > pivot)
                    j--;
                if (i > j)
                    break;
                (_keys[i], _keys[j]) = (_keys[j], _keys[i]);
                i++;
                j--;
            }

            if (split <= j + 1 && j + 1 < end)
                end = j + 1;
            else if (split >= i)
                first = i;
            else
                return;
            if (split <= first || split >= end)
                return;
        }
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
