namespace Seriatim.Generation;

public sealed partial class Grammar
{
    /// <summary>
    /// An answer that a regular expression matches as a whole: the syntax of ECMAScript over characters of Unicode, with
    /// <c>\d</c>, <c>\w</c> and <c>\s</c> of ASCII. Quantifiers are greedy or lazy, the texts are the same.
    /// </summary>
    /// <param name="pattern">The pattern, without slashes around it.</param>
    /// <exception cref="GrammarException">
    /// The pattern cannot be read; it is not regular (back-references, looking behind, word boundaries); it matches nothing; or
    /// it
    /// needs too large an automaton.
    /// </exception>
    public static Grammar Regex(string pattern)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ByteDfa language = LanguageWork.Counted(() => RegexLanguage.Full(pattern)).Result;
        if (language.IsEmpty)
            throw new GrammarException("Regular expression", "", $"it matches no text: {pattern}");
        var rules = new GrammarRules();
        rules.Define(rules.Declare("answer"), new GrammarNode.Regular(language));
        return new Grammar("regex", pattern, rules);
    }
}
