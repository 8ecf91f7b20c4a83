namespace Seriatim.Tokenizers;

/// <summary>
/// Applies merges to a word: always the one with the lowest rank, the leftmost among equals. Short words look at all
/// neighbours each time (n is small and everything is in cache); long ones keep a linked list and a heap, n log n.
/// </summary>
internal static class BpeMerger
{
    private const int ShortWord = 48;

    /// <summary>Merges the symbols of <paramref name="word"/> in place.</summary>
    public static void Merge(BpeScratch word, MergeTable merges)
    {
        if (word.Count < 2)
        {
            return;
        }

        if (word.Count <= ShortWord)
        {
            MergeShort(word, merges);
        }
        else
        {
            MergeLong(word, merges);
        }
    }

    private static void MergeShort(BpeScratch word, MergeTable merges)
    {
        int[] ids = word.Ids, starts = word.Starts, ends = word.Ends, ranks = word.Ranks;
        int count = word.Count;
        for (int i = 0; i + 1 < count; i++)
        {
            ranks[i] = merges.Rank(ids[i], ids[i + 1], out _);
        }

        while (count > 1)
        {
            int best = 0;
            int lowest = ranks[0];
            for (int i = 1; i + 1 < count; i++)
            {
                if (ranks[i] < lowest)
                {
                    lowest = ranks[i];
                    best = i;
                }
            }

            if (lowest == int.MaxValue)
            {
                break;
            }

            merges.Rank(ids[best], ids[best + 1], out ids[best]);
            ends[best] = ends[best + 1];
            count--;
            int moved = count - best - 1;
            Array.Copy(ids, best + 2, ids, best + 1, moved);
            Array.Copy(starts, best + 2, starts, best + 1, moved);
            Array.Copy(ends, best + 2, ends, best + 1, moved);
            Array.Copy(ranks, best + 2, ranks, best + 1, moved);
            if (best > 0)
            {
                ranks[best - 1] = merges.Rank(ids[best - 1], ids[best], out _);
            }

            if (best + 1 < count)
            {
                ranks[best] = merges.Rank(ids[best], ids[best + 1], out _);
            }
        }

        word.Count = count;
    }

    private static void MergeLong(BpeScratch word, MergeTable merges)
    {
        int count = word.Count;
        if (word.Previous.Length < count)
        {
            word.Previous = new int[word.Ids.Length];
            word.Following = new int[word.Ids.Length];
        }

        int[] ids = word.Ids, ends = word.Ends, previous = word.Previous, following = word.Following;
        var heap = new Heap(word.Heap);
        for (int i = 0; i < count; i++)
        {
            previous[i] = i - 1;
            following[i] = i + 1 < count ? i + 1 : -1;
            if (i + 1 < count)
            {
                Offer(ref heap, merges, ids, i, i + 1);
            }
        }

        while (heap.TryPop(out ulong candidate))
        {
            int left = (int)(uint)candidate;
            int right = following[left];

            // A dead symbol has Ends 0; a candidate whose symbols have changed since no longer has this rank.
            if (ends[left] == 0 || right < 0 || merges.Rank(ids[left], ids[right], out int result) != (int)(candidate >> 32))
            {
                continue;
            }

            ids[left] = result;
            ends[left] = ends[right];
            ends[right] = 0;
            int next = following[right];
            following[left] = next;
            if (next >= 0)
            {
                previous[next] = left;
                Offer(ref heap, merges, ids, left, next);
            }

            if (previous[left] >= 0)
            {
                Offer(ref heap, merges, ids, previous[left], left);
            }
        }

        word.Heap = heap.Items;
        int kept = 0;
        for (int i = 0; i >= 0; i = following[i])
        {
            ids[kept] = ids[i];
            word.Starts[kept] = word.Starts[i];
            ends[kept++] = ends[i];
        }

        word.Count = kept;
    }

    private static void Offer(ref Heap heap, MergeTable merges, int[] ids, int left, int right)
    {
        int rank = merges.Rank(ids[left], ids[right], out _);
        if (rank != int.MaxValue)
        {
            heap.Push(((ulong)(uint)rank << 32) | (uint)left);
        }
    }

    /// <summary>A binary min-heap of ulongs.</summary>
    private struct Heap(ulong[] items)
    {
        private int _count;

        public ulong[] Items { get; private set; } = items;

        public void Push(ulong value)
        {
            if (_count == Items.Length)
            {
                ulong[] larger = new ulong[Math.Max(256, _count * 2)];
                Array.Copy(Items, larger, _count);
                Items = larger;
            }

            ulong[] heap = Items;
            int at = _count++;
            while (at > 0)
            {
                int parent = (at - 1) >> 1;
                if (heap[parent] <= value)
                {
                    break;
                }

                heap[at] = heap[parent];
                at = parent;
            }

            heap[at] = value;
        }

        public bool TryPop(out ulong top)
        {
            if (_count == 0)
            {
                top = 0;
                return false;
            }

            ulong[] heap = Items;
            top = heap[0];
            ulong last = heap[--_count];
            int at = 0;
            while (true)
            {
                int child = (2 * at) + 1;
                if (child >= _count)
                {
                    break;
                }

                if (child + 1 < _count && heap[child + 1] < heap[child])
                {
                    child++;
                }

                if (heap[child] >= last)
                {
                    break;
                }

                heap[at] = heap[child];
                at = child;
            }

            heap[at] = last;
            return true;
        }
    }
}
