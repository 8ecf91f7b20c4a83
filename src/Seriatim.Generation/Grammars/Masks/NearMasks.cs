namespace Seriatim.Generation;

/// <summary>
/// What the tokens of <see cref="TokenTrie.Near"/> bytes or less do in the states of a terminal, once for all states that are
/// alike to them. Longer tokens are few, and are looked at for each state.
/// </summary>
/// <param name="terminal">The terminal.</param>
internal sealed class NearMasks(TableTerminal terminal)
{
    private readonly int[] _alike = TerminalLikeness.Of(terminal, TokenTrie.Near);
    private readonly Dictionary<(int Kind, int Trie), TerminalMask> _masks = [];

    /// <summary>What was found for the states that are like one, and a trie; null: nothing was.</summary>
    public TerminalMask? Find(int state, int trie)
    {
        lock (_masks)
            return _masks.GetValueOrDefault((_alike[state], trie));
    }

    /// <summary>Keeps what was found.</summary>
    public void Keep(int state, int trie, TerminalMask mask)
    {
        lock (_masks)
            _masks[(_alike[state], trie)] = mask;
    }
}
