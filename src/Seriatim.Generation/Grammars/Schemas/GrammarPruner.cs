using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>
/// Cuts off what can never end well, so that no text leads into a corner, and what nobody refers to. A grammar without any text
/// has nothing left.
/// </summary>
internal static class GrammarPruner
{
    /// <summary>The same grammar without dead ends; null: it has no text.</summary>
    public static GrammarRules? Run(GrammarRules rules)
    {
        bool[] productive = Productive(rules);
        if (!productive[0])
            return null;
        var pruned = new GrammarRules();
        var numbers = new Dictionary<int, GrammarNode.Rule> { [0] = pruned.Declare(rules.NameOf(0)) };
        var open = new Queue<int>([0]);
        GrammarNode.Rule To(int rule)
        {
            if (numbers.TryGetValue(rule, out GrammarNode.Rule? known))
                return known;
            open.Enqueue(rule);
            return numbers[rule] = pruned.Declare(rules.NameOf(rule));
        }
        while (open.TryDequeue(out int rule))
            pruned.Define(numbers[rule], Copy(rules[rule], productive, To));
        return pruned;
    }

    /// <summary>The rules that derive a text: what is found of one can change those that name it, and no others.</summary>
    private static bool[] Productive(GrammarRules rules)
    {
        var productive = new bool[rules.Count];
        var users = new List<int>?[rules.Count];
        for (int i = 0; i < rules.Count; i++)
        {
            foreach (int named in rules.NamedBy(i))
                (users[named] ??= []).Add(i);
        }

        var waiting = new Stack<int>(Enumerable.Range(0, rules.Count));
        while (waiting.TryPop(out int rule))
        {
            if (productive[rule] || !Ends(rules[rule], productive))
                continue;
            productive[rule] = true;
            foreach (int user in users[rule] ?? [])
                waiting.Push(user);
        }

        return productive;
    }

    private static bool Ends(GrammarNode node, bool[] productive) => node switch
    {
        GrammarNode.Regular regular => !regular.Language.IsEmpty,
        GrammarNode.Sequence sequence => sequence.Parts.All(part => Ends(part, productive)),
        GrammarNode.Choice choice => choice.Alternatives.Any(part => Ends(part, productive)),
        GrammarNode.Repeat repeat => repeat.Min == 0 || Ends(repeat.Body, productive),
        GrammarNode.Rule rule => productive[rule.Index],
        _ => true,
    };

    private static GrammarNode Copy(GrammarNode node, bool[] productive, Func<int, GrammarNode.Rule> to)
    {
        switch (node)
        {
            case GrammarNode.Rule rule:
                return to(rule.Index);
            case GrammarNode.Sequence sequence:
                return new GrammarNode.Sequence([.. sequence.Parts.Select(part => Copy(part, productive, to))]);
            case GrammarNode.Choice choice:
                ImmutableArray<GrammarNode> live = [.. choice.Alternatives.Where(part => Ends(part, productive))
                    .Select(part => Copy(part, productive, to))];
                return live.Length == 1 ? live[0] : new GrammarNode.Choice(live);
            case GrammarNode.Repeat repeat:
                return Ends(repeat.Body, productive)
                    ? new GrammarNode.Repeat(Copy(repeat.Body, productive, to), repeat.Min, repeat.Max) : GrammarNode.Empty;
            default:
                return node;
        }
    }
}
