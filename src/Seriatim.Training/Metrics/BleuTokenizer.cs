namespace Seriatim.Training;

/// <summary>How <see cref="Bleu"/> cuts segments into tokens, by the names of sacreBLEU.</summary>
public enum BleuTokenizer
{
    /// <summary><c>13a</c>: that of mteval-v13a, for languages with spaces.</summary>
    Mteval13A,

    /// <summary><c>zh</c>: every Chinese character is a token, the rest as in 13a without its entities.</summary>
    Chinese,

    /// <summary><c>char</c>: every character is a token.</summary>
    Character,
}
