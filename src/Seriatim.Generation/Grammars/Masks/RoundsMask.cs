namespace Seriatim.Generation;

/// <summary>
/// What the tokens of a trie do from a state of one round on, however many rounds may come: the tokens in the order of the rounds
/// that they begin, of which those are allowed that begin no more than may come, and where others may leave, by the rounds that
/// are done there. So one table serves all limits and all numbers of rounds.
/// </summary>
internal sealed class RoundsMask
{
    /// <summary>From so many tokens on, the allowed ones are kept as sets.</summary>
    private const int ManyTokens = 4096;

    private readonly int _vocabulary;
    private readonly int[] _tokens;
    private readonly int[] _tokenStarts;
    private readonly int[] _exits;
    private readonly int[] _exitStarts;
    private readonly TokenSet?[] _upTo;

    /// <param name="tokens">Tokens, each with the rounds that it begins.</param>
    /// <param name="exits">Nodes of the trie at which a round is done and tokens go on, each with the rounds done.</param>
    /// <param name="vocabulary">Number of ids.</param>
    public RoundsMask(List<(int Token, int Rounds)> tokens, List<(int Node, int Rounds)> exits, int vocabulary)
    {
        Longest = Math.Max(Most(tokens), Most(exits));
        _vocabulary = vocabulary;
        (_tokens, _tokenStarts) = Sort(tokens, Longest);
        (_exits, _exitStarts) = Sort(exits, Longest);
        _upTo = new TokenSet?[_tokens.Length < ManyTokens ? 0 : Longest + 1];
    }

    /// <summary>Most rounds that a token begins or is done with: where more may come, or must, nothing else changes.</summary>
    public int Longest { get; }

    /// <summary>Bytes that it takes, at most.</summary>
    public int Size => 4 * (_tokens.Length + _exits.Length) + _upTo.Length * (_vocabulary / 8);

    /// <summary>Sets the bits of the tokens that begin at most so many rounds.</summary>
    public void OrInto(ulong[] words, int most)
    {
        most = Math.Min(most, Longest);
        if (_upTo.Length == 0)
        {
            Set(words, most);
            return;
        }

        if (Volatile.Read(ref _upTo[most]) is not { } known)
        {
            ulong[] own = new ulong[words.Length];
            Set(own, most);
            Volatile.Write(ref _upTo[most], known = TokenSet.Of(own, _vocabulary));
        }

        known.OrInto(words);
    }

    /// <summary>The nodes at which a number of rounds is done.</summary>
    public ReadOnlySpan<int> Exits(int least, int most) => least > Longest ? []
        : _exits.AsSpan(_exitStarts[least].._exitStarts[Math.Min(most, Longest) + 1]);

    private void Set(ulong[] words, int most)
    {
        foreach (int id in _tokens.AsSpan(0, _tokenStarts[most + 1]))
            words[id >> 6] |= 1ul << id;
    }

    private static int Most(List<(int Value, int Rounds)> pairs)
    {
        int most = 0;
        foreach ((_, int rounds) in pairs)
            most = Math.Max(most, rounds);
        return most;
    }

    /// <summary>By rounds; and where those of each number begin.</summary>
    private static (int[] Values, int[] Starts) Sort(List<(int Value, int Rounds)> pairs, int longest)
    {
        int[] starts = new int[longest + 2];
        foreach ((_, int rounds) in pairs)
            starts[rounds + 1]++;
        for (int i = 1; i < starts.Length; i++)
            starts[i] += starts[i - 1];
        int[] values = new int[pairs.Count];
        int[] at = [.. starts];
        foreach ((int value, int rounds) in pairs)
            values[at[rounds]++] = value;
        return (values, starts);
    }
}
