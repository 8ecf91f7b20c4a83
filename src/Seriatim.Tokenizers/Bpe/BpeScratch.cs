namespace Seriatim.Tokenizers;

/// <summary>Working memory of one BPE word: its symbols with their char ranges, links for long words, and the heap.</summary>
internal sealed class BpeScratch
{
    /// <summary>Symbol ids; negative for a symbol that never merges (see <see cref="BpeModel"/>).</summary>
    public int[] Ids = new int[64];

    /// <summary>First char of each symbol, relative to the word.</summary>
    public int[] Starts = new int[64];

    /// <summary>End of each symbol, relative to the word.</summary>
    public int[] Ends = new int[64];

    /// <summary>Rank of the merge of each symbol with its right neighbour (short words).</summary>
    public int[] Ranks = new int[64];

    /// <summary>Left neighbours (long words).</summary>
    public int[] Previous = [];

    /// <summary>Right neighbours (long words).</summary>
    public int[] Following = [];

    /// <summary>Heap of candidate merges: rank in the upper half, position in the lower.</summary>
    public ulong[] Heap = [];

    /// <summary>Number of symbols.</summary>
    public int Count;

    /// <summary>Places kept allocated.</summary>
    public int Capacity => Ids.Length + Heap.Length;

    /// <summary>Adds a symbol.</summary>
    public void Add(int id, int start, int end)
    {
        if (Count == Ids.Length)
        {
            Array.Resize(ref Ids, Count * 2);
            Array.Resize(ref Starts, Count * 2);
            Array.Resize(ref Ends, Count * 2);
            Array.Resize(ref Ranks, Count * 2);
        }

        Ids[Count] = id;
        Starts[Count] = start;
        Ends[Count++] = end;
    }
}
