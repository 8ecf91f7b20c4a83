using System.Runtime.InteropServices;

namespace Seriatim.Tokenizers;

/// <summary>
/// How often every pair of neighbouring symbols occurs in weighted words, kept up to date while pairs are merged. The heap holds
/// counts that may have become too high since; a pair taken from it is checked and goes back if so.
/// </summary>
internal sealed class PairCounts
{
    private readonly int[][] _words;
    private readonly int[] _lengths;
    private readonly long[] _counts;
    private readonly Dictionary<ulong, Pair> _pairs = [];
    private readonly PriorityQueue<ulong, (long NegativeCount, ulong Pair)> _heap = new();
    private readonly HashSet<ulong> _grown = [];

    /// <summary>Counts the pairs of all words; symbols below 0 never merge.</summary>
    public PairCounts(int[][] words, long[] counts)
    {
        (_words, _counts) = (words, counts);
        _lengths = words.Select(word => word.Length).ToArray();
        for (int w = 0; w < words.Length; w++)
        {
            int[] word = words[w];
            for (int i = 0; i + 1 < word.Length; i++)
            {
                Change(word[i], word[i + 1], counts[w], w);
            }
        }

        OfferGrown();
    }

    private struct Pair
    {
        public long Count;
        public List<int>? Words;
    }

    /// <summary>Takes the most frequent pair that may merge; of several the one with the smallest ids.</summary>
    public bool TryTakeBest(long least, Func<int, int, bool> mayMerge, out int left, out int right)
    {
        while (_heap.TryDequeue(out ulong key, out var priority))
        {
            (left, right) = ((int)(key >> 32), (int)(uint)key);
            long count = _pairs.TryGetValue(key, out Pair pair) ? pair.Count : 0;
            if (count != -priority.NegativeCount)
            {
                if (count >= least)
                {
                    _heap.Enqueue(key, (-count, key));
                }

                continue;
            }

            if (count < least)
            {
                break;
            }

            if (mayMerge(left, right))
            {
                return true;
            }
        }

        (left, right) = (-1, -1);
        return false;
    }

    /// <summary>Replaces a pair by one symbol in all words.</summary>
    public void Merge(int left, int right, int merged)
    {
        ulong key = Key(left, right);
        List<int> words = _pairs[key].Words ?? [];
        _pairs.Remove(key);
        int last = -1;
        words.Sort();
        foreach (int w in words)
        {
            if (w != last)
            {
                MergeIn(w, left, right, merged);
            }

            last = w;
        }

        _pairs.Remove(key);
        OfferGrown();
    }

    private void MergeIn(int w, int left, int right, int merged)
    {
        int[] word = _words[w];
        int length = _lengths[w];
        long count = _counts[w];
        int kept = 0;
        for (int i = 0; i < length; i++)
        {
            if (i + 1 >= length || word[i] != left || word[i + 1] != right)
            {
                word[kept++] = word[i];
                continue;
            }

            // The pair's own count goes with the pair; its neighbours change partners.
            if (kept > 0)
            {
                Change(word[kept - 1], left, -count, w);
                Change(word[kept - 1], merged, count, w);
            }

            if (i + 2 < length)
            {
                Change(right, word[i + 2], -count, w);
                Change(merged, word[i + 2], count, w);
            }

            word[kept++] = merged;
            i++;
        }

        _lengths[w] = kept;
    }

    private void Change(int left, int right, long by, int w)
    {
        if ((left | right) < 0)
        {
            return;
        }

        ulong key = Key(left, right);
        ref Pair pair = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairs, key, out _);
        pair.Count += by;
        if (by > 0)
        {
            pair.Words ??= [];
            if (pair.Words.Count == 0 || pair.Words[^1] != w)
            {
                pair.Words.Add(w);
            }

            _grown.Add(key);
        }
    }

    private void OfferGrown()
    {
        foreach (ulong key in _grown)
        {
            if (_pairs.TryGetValue(key, out Pair pair) && pair.Count > 0)
            {
                _heap.Enqueue(key, (-pair.Count, key));
            }
        }

        _grown.Clear();
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
