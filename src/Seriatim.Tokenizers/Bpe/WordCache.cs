using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seriatim.Tokenizers;

/// <summary>
/// A bounded cache from words to token ids that any number of threads use without a lock: an entry is immutable and is
/// published by one reference write; a word may live in one of two neighbouring slots, the newer one wins.
/// </summary>
internal sealed class WordCache
{
    /// <summary>Longest word that is cached, in chars.</summary>
    public const int MaxWord = 40;

    private const int Slots = 1 << 16;

    private readonly Entry?[] _slots = new Entry?[Slots];

    private sealed class Entry(ulong hash, string word, int[] ids)
    {
        public readonly ulong Hash = hash;
        public readonly string Word = word;
        public readonly int[] Ids = ids;
    }

    /// <summary>Hash of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong HashOf(ReadOnlySpan<char> word)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        ulong hash = (ulong)word.Length * Multiplier;
        ref byte bytes = ref Unsafe.As<char, byte>(ref MemoryMarshal.GetReference(word));
        int count = word.Length * 2;
        int i = 0;
        for (; i + 8 <= count; i += 8)
        {
            hash = (hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref bytes, i))) * Multiplier;
            hash ^= hash >> 32;
        }

        for (; i < count; i += 2)
        {
            hash = (hash ^ Unsafe.ReadUnaligned<ushort>(ref Unsafe.Add(ref bytes, i))) * Multiplier;
            hash ^= hash >> 32;
        }

        return hash;
    }

    /// <summary>Finds the ids of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(ReadOnlySpan<char> word, ulong hash, out int[] ids)
    {
        int slot = (int)(hash >> 48) & (Slots - 1);
        Entry? entry = Volatile.Read(ref _slots[slot]);
        if (entry is null || entry.Hash != hash || !word.SequenceEqual(entry.Word))
        {
            entry = Volatile.Read(ref _slots[slot ^ 1]);
            if (entry is null || entry.Hash != hash || !word.SequenceEqual(entry.Word))
            {
                ids = [];
                return false;
            }
        }

        ids = entry.Ids;
        return true;
    }

    /// <summary>Remembers the ids of a word.</summary>
    public void Add(ReadOnlySpan<char> word, ulong hash, ReadOnlySpan<int> ids)
    {
        int slot = (int)(hash >> 48) & (Slots - 1);
        if (_slots[slot] is { } old)
        {
            Volatile.Write(ref _slots[slot ^ 1], old);
        }

        Volatile.Write(ref _slots[slot], new Entry(hash, word.ToString(), ids.ToArray()));
    }
}
