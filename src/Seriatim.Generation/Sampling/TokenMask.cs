using System.Numerics;

namespace Seriatim.Generation;

/// <summary>A set of token ids, one bit for each id of a vocabulary.</summary>
public sealed class TokenMask
{
    private const int WordBits = 64;

    private readonly ulong[] _words;

    /// <summary>An empty set.</summary>
    /// <param name="vocabulary">Number of ids, 1 or more: that of the model (<see cref="LogitsRow.Vocabulary"/>).</param>
    public TokenMask(int vocabulary)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(vocabulary);
        Vocabulary = vocabulary;
        _words = new ulong[(vocabulary - 1) / WordBits + 1];
    }

    /// <summary>A set of ids.</summary>
    /// <param name="vocabulary">Number of ids, 1 or more.</param>
    /// <param name="ids">Those in the set.</param>
    public TokenMask(int vocabulary, IEnumerable<int> ids)
        : this(vocabulary)
    {
        ArgumentNullException.ThrowIfNull(ids);
        foreach (int id in ids)
            Add(id);
    }

    /// <summary>Number of ids that there are.</summary>
    public int Vocabulary { get; }

    /// <summary>Number of ids in the set.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in _words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>Whether an id is in the set.</summary>
    public bool Contains(int id) => (_words[WordOf(id)] & BitOf(id)) != 0;

    /// <summary>Puts an id into the set.</summary>
    public void Add(int id) => _words[WordOf(id)] |= BitOf(id);

    /// <summary>Takes an id out of the set.</summary>
    public void Remove(int id) => _words[WordOf(id)] &= ~BitOf(id);

    /// <summary>Takes all ids out.</summary>
    public void Clear() => Array.Clear(_words);

    /// <summary>Keeps the ids that are in the other set, too.</summary>
    public void And(TokenMask other) => And(WordsOf(other));

    /// <summary>Adds the ids of the other set.</summary>
    public void Or(TokenMask other) => Or(WordsOf(other));

    /// <summary>Puts all ids in that were not there, and takes the others out.</summary>
    public void Not()
    {
        for (int i = 0; i < _words.Length; i++)
            _words[i] = ~_words[i];
        ClearRest();
    }

    /// <summary>A set that goes its own way.</summary>
    public TokenMask Copy()
    {
        var copy = new TokenMask(Vocabulary);
        _words.CopyTo(copy._words, 0);
        return copy;
    }

    /// <summary>Takes the bits over, id 0 in the lowest bit of the first word. Bits beyond the vocabulary are left out.</summary>
    /// <param name="words">One for each 64 ids, as <see cref="AsSpan"/> has them.</param>
    public void CopyFrom(ReadOnlySpan<ulong> words)
    {
        if (words.Length != _words.Length)
        {
            throw new ArgumentException(
                $"{words.Length} words were given; {Vocabulary} ids need {_words.Length}.", nameof(words));
        }

        words.CopyTo(_words);
        ClearRest();
    }

    /// <summary>The bits: id 0 is the lowest of the first word, and those beyond the vocabulary are 0.</summary>
    public ReadOnlySpan<ulong> AsSpan() => _words;

    private static ulong BitOf(int id) => 1ul << (id % WordBits);

    private int WordOf(int id) => (uint)id < (uint)Vocabulary
        ? id / WordBits
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"Token ids 0 to {Vocabulary - 1} are allowed.");

    private ulong[] WordsOf(TokenMask other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return other.Vocabulary == Vocabulary
            ? other._words
            : throw new ArgumentException($"One mask is for {Vocabulary} ids, the other for {other.Vocabulary}.", nameof(other));
    }

    private void And(ulong[] words)
    {
        int i = 0;
        for (; i <= words.Length - Vector<ulong>.Count; i += Vector<ulong>.Count)
            (new Vector<ulong>(_words, i) & new Vector<ulong>(words, i)).CopyTo(_words, i);
        for (; i < words.Length; i++)
            _words[i] &= words[i];
    }

    private void Or(ulong[] words)
    {
        int i = 0;
        for (; i <= words.Length - Vector<ulong>.Count; i += Vector<ulong>.Count)
            (new Vector<ulong>(_words, i) | new Vector<ulong>(words, i)).CopyTo(_words, i);
        for (; i < words.Length; i++)
            _words[i] |= words[i];
    }

    /// <summary>Bits beyond the vocabulary stay 0.</summary>
    private void ClearRest()
    {
        int rest = Vocabulary % WordBits;
        if (rest != 0)
            _words[^1] &= (1ul << rest) - 1;
    }
}
