namespace Seriatim.Generation;

/// <summary>
/// What is known of a state of a terminal for the tokens of a trie, whatever the terminal stands in: the tokens that stay inside
/// it (the context-independent ones of XGrammar, arXiv:2411.15100), and where others cross its end.
/// </summary>
/// <param name="inside">Tokens that stay inside.</param>
/// <param name="exits">Nodes of the trie at which the terminal may end and tokens go on.</param>
internal sealed class TerminalMask(TokenSet inside, int[] exits)
{
    public TokenSet Inside => inside;

    public int[] Exits => exits;

    public int Size => Inside.Size + 4 * Exits.Length;
}
