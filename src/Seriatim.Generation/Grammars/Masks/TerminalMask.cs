namespace Seriatim.Generation;

/// <summary>
/// What is known of a state of a terminal for all tokens, whatever the terminal stands in: the tokens that stay inside it
/// (the context-independent ones of XGrammar, arXiv:2411.15100), and where others cross its end.
/// </summary>
/// <param name="Slice">Tokens of plain characters alone, all of which stay inside; null: none were taken together.</param>
/// <param name="Own">The others that stay inside.</param>
/// <param name="Trie">The tokens that were walked.</param>
/// <param name="Exits">Nodes of the trie at which the terminal may end and tokens go on.</param>
internal sealed record TerminalMask(TokenSet? Slice, TokenSet Own, TokenTrie Trie, int[] Exits)
{
    public int Size => Own.Size + 4 * Exits.Length;

    public void OrInto(ulong[] words)
    {
        Slice?.OrInto(words);
        Own.OrInto(words);
    }
}
