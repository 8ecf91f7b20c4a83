namespace Seriatim.Generation;

/// <summary>
/// What an answer must look like: each token that could not lead to a text of the grammar is forbidden. Made once, used by any
/// number of requests at the same time (<c>SamplingOptions.Grammar</c>).
/// </summary>
public sealed partial class Grammar
{
    private Grammar(string kind, string source, GrammarRules rules) => (Kind, Source, Rules) = (kind, source, rules);

    /// <summary>What it was made of, e.g. <c>json_schema</c>, <c>json_object</c>, <c>regex</c>, <c>gbnf</c>, <c>choice</c>.</summary>
    public string Kind { get; }

    /// <summary>
    /// What it was made of: with <see cref="Kind"/>, it makes the same grammar again. It is what saved requests keep.
    /// </summary>
    public string Source { get; }

    /// <summary>Its rules.</summary>
    internal GrammarRules Rules { get; }
}
