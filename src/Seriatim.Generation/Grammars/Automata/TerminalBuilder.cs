namespace Seriatim.Generation;

/// <summary>
/// Makes one deterministic automaton of a part of a grammar that is regular. Gives up where the result would be large, since
/// counted repeats and unions can grow without measure.
/// </summary>
internal static class TerminalBuilder
{
    private const int TooLarge = 1 << 24;

    /// <summary>The smallest automaton of a node; null: it is not regular, or too large.</summary>
    /// <param name="node">The node.</param>
    /// <param name="mostStates">Most states of the result.</param>
    public static ByteDfa? TryBuild(GrammarNode node, int mostStates)
    {
        if (node is GrammarNode.Regular { Language: { } language })
            return language.States <= mostStates ? language : null;
        if (SizeOf(node) > 8 * mostStates + 64)
            return null;
        var nfa = new Nfa();
        try
        {
            ByteDfa built = Determinizer.Run(nfa, Add(nfa, node), mostStates);
            return built.States <= mostStates ? built : null;
        }
        catch (LanguageTooLargeException)
        {
            return null;
        }
    }

    /// <summary>How many states a node needs, roughly, before they are joined.</summary>
    private static int SizeOf(GrammarNode node)
    {
        switch (node)
        {
            case GrammarNode.Literal { Bytes: var bytes }:
                return bytes.Length + 1;
            case GrammarNode.Regular { Language: var language }:
                return language.States + 2;
            case GrammarNode.Sequence { Parts: var parts }:
                return Sum(parts);
            case GrammarNode.Choice { Alternatives: var alternatives }:
                return Sum(alternatives);
            case GrammarNode.Repeat repeat:
                long copies = Math.Max(repeat.Max ?? repeat.Min + 1L, 1);
                return (int)Math.Min(TooLarge, copies * SizeOf(repeat.Body) + 2);
            default:
                return TooLarge;
        }
    }

    private static int Sum(IEnumerable<GrammarNode> nodes)
    {
        long sum = 2;
        foreach (GrammarNode node in nodes)
        {
            sum += SizeOf(node);
            if (sum >= TooLarge)
                return TooLarge;
        }

        return (int)sum;
    }

    private static Nfa.Fragment Add(Nfa nfa, GrammarNode node) => node switch
    {
        GrammarNode.Literal { Bytes: var bytes } => nfa.Literal(bytes.Span),
        GrammarNode.Regular { Language: var language } => nfa.Language(language),
        GrammarNode.Sequence { Parts: var parts } =>
            parts.Aggregate(nfa.Empty(), (whole, part) => nfa.Concat(whole, Add(nfa, part))),
        GrammarNode.Choice { Alternatives: var alternatives } =>
            nfa.Alternatives([.. alternatives.Select(alternative => Add(nfa, alternative))]),
        GrammarNode.Repeat repeat => nfa.Repeat(() => Add(nfa, repeat.Body), repeat.Min, repeat.Max),
        _ => throw new NotSupportedException($"{node.GetType().Name} is not regular."),
    };
}
