namespace Seriatim.Generation;

/// <summary>The rules of a grammar. A text belongs to it if rule 0 derives it.</summary>
internal sealed class GrammarRules
{
    private readonly List<(string Name, GrammarNode? Body)> _rules = [];

    /// <summary>Number of rules.</summary>
    public int Count => _rules.Count;

    /// <summary>What a rule says.</summary>
    public GrammarNode this[int index] => _rules[index].Body
        ?? throw new InvalidOperationException($"Rule {_rules[index].Name} was declared and never given.");

    /// <summary>What messages call a rule.</summary>
    public string NameOf(int index) => _rules[index].Name;

    /// <summary>Makes room for a rule, so that others may refer to it before it is given. The first is the start.</summary>
    public GrammarNode.Rule Declare(string name)
    {
        _rules.Add((name, null));
        return new GrammarNode.Rule(_rules.Count - 1);
    }

    /// <summary>Gives a declared rule.</summary>
    public void Define(GrammarNode.Rule rule, GrammarNode body) => _rules[rule.Index] = (_rules[rule.Index].Name, body);

    /// <summary>The rules that a rule names, from first to last.</summary>
    public Queue<int> NamedBy(int rule)
    {
        var named = new Queue<int>();
        var open = new Stack<GrammarNode>([this[rule]]);
        while (open.TryPop(out GrammarNode? node))
        {
            switch (node)
            {
                case GrammarNode.Rule { Index: var index }:
                    named.Enqueue(index);
                    break;
                case GrammarNode.Sequence { Parts: var parts }:
                    for (int i = parts.Length - 1; i >= 0; i--)
                        open.Push(parts[i]);
                    break;
                case GrammarNode.Choice { Alternatives: var alternatives }:
                    for (int i = alternatives.Length - 1; i >= 0; i--)
                        open.Push(alternatives[i]);
                    break;
                case GrammarNode.Repeat { Body: var body }:
                    open.Push(body);
                    break;
            }
        }

        return named;
    }
}
