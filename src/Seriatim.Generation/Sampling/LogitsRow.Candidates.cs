namespace Seriatim.Generation;

/// <content>The list of candidates.</content>
/// <remarks>
/// Candidates are kept as sortable keys: the logit, descending, in the upper half, the id in the lower. Their order is total, so
/// partial sorting gives the same result whatever was sorted before.
/// </remarks>
public sealed partial class LogitsRow
{
    private const int MostInHeap = 1024;

    /// <summary>From this part of the vocabulary on, passes over all logits are faster than those over a list.</summary>
    private const int ManyOf = 16;

    private readonly ulong[] _keys;
    private readonly float[] _kept = new float[MostInHeap];
    private int _count = -1;
    private int _sorted;
    private bool _lent;

    /// <summary>The candidates: keys of all ids that are not dropped, the first <see cref="_sorted"/> of them in order.</summary>
    internal ReadOnlySpan<ulong> Candidates
    {
        get
        {
            Gather();
            return _keys.AsSpan(0, _count);
        }
    }

    internal static int IdOf(ulong key) => (int)(uint)key;

    /// <summary>To be called after logits were changed.</summary>
    internal void Touch() => _count = -1;

    /// <summary>To be called after logits were changed in a way that keeps their order.</summary>
    internal void TouchKeepingOrder()
    {
        if (_count >= 0 && _sorted == 0)
            _count = -1;
    }

    /// <summary>Ends what a processor that is not ours was lent; candidates are listed anew.</summary>
    internal void TakeBack() => (_lent, _count) = (false, -1);

    /// <summary>The best <paramref name="count"/> candidates (or all), best first.</summary>
    internal ReadOnlySpan<ulong> Top(int count)
    {
        if (!IsListed && count <= MostInHeap && count < Values.Length)
            return _keys.AsSpan(0, SelectByHeap(count));
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

    /// <summary>Drops the candidates that have been marked with <see cref="float.NegativeInfinity"/>.</summary>
    internal void DropMarked() => KeepFrom(float.MinValue);

    /// <summary>
    /// Whether the list is there and holds: while logits are lent, whoever holds them may have changed them since.
    /// </summary>
    private bool IsListed => _count >= 0 && !_lent;

    /// <summary>Whether candidates are listed and few.</summary>
    private bool IsShort => IsListed && _count <= Values.Length / ManyOf;

    private void Gather()
    {
        if (IsListed)
            return;
        int count = 0;
        for (int id = 0; id < Values.Length; id++)
        {
            if (float.IsNegativeInfinity(Values[id]))
                continue;
            _keys[count++] = KeyOf(id);
        }

        (_count, _sorted) = (count, 0);
    }

    /// <summary>Keeps few of many without listing all.</summary>
    private void KeepByHeap(int count)
    {
        int size = SelectByHeap(count);
        for (int i = 0; i < size; i++)
            _kept[i] = Values[IdOf(_keys[i])];
        Array.Fill(Values, float.NegativeInfinity);
        for (int i = 0; i < size; i++)
            Values[IdOf(_keys[i])] = _kept[i];
        (_count, _sorted) = (size, size);
    }

    /// <summary>
    /// Puts the keys of the best in order at the beginning and returns how many there are; nothing is listed by that. The worst
    /// of the best so far is at the root of a heap, and nearly every logit is below it.
    /// </summary>
    private int SelectByHeap(int count)
    {
        int size = 0;
        float least = float.NegativeInfinity;
        for (int id = 0; (id = LogitsScan.NextAbove(Values, id, least)) < Values.Length && count > 0; id++)
        {
            ulong key = KeyOf(id);
            if (size < count)
            {
                _keys[size++] = key;
                if (size == count)
                    MakeHeap(size);
            }
            else if (key < _keys[0])
            {
                _keys[0] = key;
                SiftDown(0, size);
            }

            if (size == count)
                least = Values[IdOf(_keys[0])];
        }

        _keys.AsSpan(0, size).Sort();
        return size;
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
        int bits = BitConverter.SingleToInt32Bits(Values[id] + 0f);
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
