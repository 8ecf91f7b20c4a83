namespace Seriatim.Generation;

/// <summary>
/// What an answer must look like: each token that could not lead to a text of the grammar is forbidden. Made once, used by any
/// number of requests at the same time (<c>SamplingOptions.Grammar</c>).
/// </summary>
public sealed partial class Grammar
{
    /// <param name="kind">What it was made of.</param>
    /// <param name="source">What makes it again.</param>
    /// <param name="rules">Its rules.</param>
    /// <param name="placeOf">Where a rule stands in the source, for errors; null: its name tells.</param>
    private Grammar(string kind, string source, GrammarRules rules, Func<int, string>? placeOf = null)
    {
        (Kind, Source, Rules) = (kind, source, rules);
        Analysis = GrammarAnalysis.Of(kind, rules, placeOf ?? (rule => $"rule {rules.NameOf(rule)}"));
    }

    /// <summary>
    /// What it was made of, e.g. <c>json_schema</c>, <c>json_object</c>, <c>regex</c>, <c>gbnf</c>, <c>choice</c>.
    /// </summary>
    public string Kind { get; }

    /// <summary>
    /// What it was made of: with <see cref="Kind"/>, it makes the same grammar again. It is what saved requests keep.
    /// </summary>
    public string Source { get; }

    /// <summary>Its rules.</summary>
    internal GrammarRules Rules { get; }

    /// <summary>Bytes that its texts and tables take, roughly.</summary>
    internal long Size
    {
        get
        {
            var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
            var waiting = new Stack<GrammarNode>(Enumerable.Range(0, Rules.Count).Select(rule => Rules[rule]));
            long size = 2L * Source.Length;
            while (waiting.TryPop(out GrammarNode? node))
            {
                size += 64;
                switch (node)
                {
                    case GrammarNode.Literal { Bytes: var bytes }:
                        size += bytes.Length;
                        break;
                    case GrammarNode.Regular { Language: var language } when seen.Add(language):
                        size += 4L * language.States * language.Classes;
                        break;
                    case GrammarNode.Distinct { Item: var item } when seen.Add(item):
                        size += 4L * item.States * item.Classes;
                        break;
                    case GrammarNode.Sequence { Parts: var parts }:
                        foreach (GrammarNode part in parts)
                            waiting.Push(part);
                        break;
                    case GrammarNode.Choice { Alternatives: var alternatives }:
                        foreach (GrammarNode alternative in alternatives)
                            waiting.Push(alternative);
                        break;
                    case GrammarNode.Repeat { Body: var body }:
                        waiting.Push(body);
                        break;
                }
            }

            return size;
        }
    }

    /// <summary>What is known of its rules.</summary>
    internal GrammarAnalysis Analysis { get; }

    /// <summary>A grammar of rules that something else than the sources of this library made.</summary>
    /// <param name="kind">Its kind, to be one of those that <see cref="From"/> knows.</param>
    /// <param name="source">What makes it again.</param>
    /// <param name="rules">Its rules; not to be changed any more.</param>
    /// <exception cref="GrammarException">No text belongs to them, or a rule is left-recursive.</exception>
    internal static Grammar Of(string kind, string source, GrammarRules rules) => new(kind, source, rules);
}
