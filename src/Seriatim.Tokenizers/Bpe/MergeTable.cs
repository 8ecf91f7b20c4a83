using System.Numerics;
using System.Runtime.CompilerServices;

namespace Seriatim.Tokenizers;

/// <summary>
/// The merges of a BPE model: a pair of symbols leads to its rank (lower is applied first) and the symbol it makes.
/// Open-addressed, at most half full.
/// </summary>
internal sealed class MergeTable
{
    private const ulong Hash = 0x9E3779B97F4A7C15;

    private Entry[] _entries;
    private int _shift;

    /// <summary>Creates an empty table with room for <paramref name="capacity"/> merges.</summary>
    public MergeTable(int capacity)
    {
        int size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, capacity * 2));
        _entries = new Entry[size];
        _shift = 64 - BitOperations.Log2((uint)size);
    }

    private struct Entry
    {
        public ulong Key;
        public int Rank;
        public int Result;
    }

    /// <summary>Number of merges.</summary>
    public int Count { get; private set; }

    /// <summary>All merges.</summary>
    public IEnumerable<(int Left, int Right, int Rank, int Result)> All
    {
        get
        {
            foreach (Entry entry in _entries)
            {
                if (entry.Key != 0)
                {
                    yield return ((int)(entry.Key >> 32) - 1, (int)(uint)entry.Key, entry.Rank, entry.Result);
                }
            }
        }
    }

    /// <summary>
    /// Adds a merge. Of two for the same pair the one with the lower rank stays, unless <paramref name="replace"/>.
    /// </summary>
    public void Add(int left, int right, int rank, int result, bool replace = false)
    {
        if ((Count + 1) * 2 > _entries.Length)
        {
            Grow();
        }

        ref Entry entry = ref Find(_entries, _shift, KeyOf(left, right));
        if (entry.Key == 0)
        {
            Count++;
        }
        else if (!replace && entry.Rank <= rank)
        {
            return;
        }

        entry = new Entry { Key = KeyOf(left, right), Rank = rank, Result = result };
    }

    /// <summary>Rank of the merge of two symbols, or <see cref="int.MaxValue"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Rank(int left, int right, out int result)
    {
        result = -1;
        if ((left | right) < 0)
        {
            return int.MaxValue;
        }

        ref Entry entry = ref Find(_entries, _shift, KeyOf(left, right));
        result = entry.Result;
        return entry.Key == 0 ? int.MaxValue : entry.Rank;
    }

    // left + 1 keeps every real key different from 0, the mark of a free entry.
    private static ulong KeyOf(int left, int right) => ((ulong)(uint)(left + 1) << 32) | (uint)right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref Entry Find(Entry[] entries, int shift, ulong key)
    {
        int mask = entries.Length - 1;
        int slot = (int)((key * Hash) >> shift);
        while (true)
        {
            ref Entry entry = ref entries[slot & mask];
            if (entry.Key == key || entry.Key == 0)
            {
                return ref entry;
            }

            slot++;
        }
    }

    private void Grow()
    {
        var entries = new Entry[_entries.Length * 2];
        int shift = _shift - 1;
        foreach (Entry entry in _entries)
        {
            if (entry.Key != 0)
            {
                Find(entries, shift, entry.Key) = entry;
            }
        }

        (_entries, _shift) = (entries, shift);
    }
}
