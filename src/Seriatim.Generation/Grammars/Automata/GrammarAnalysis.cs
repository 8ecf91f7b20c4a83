namespace Seriatim.Generation;

/// <summary>What has to be known of rules before they are walked: which of them derive a text at all, or the empty one.</summary>
internal sealed class GrammarAnalysis
{
    /// <summary>Deepest nesting of nodes, so that walking them needs no more stack than a thread has.</summary>
    public const int Deepest = 1000;

    private readonly GrammarRules _rules;
    private readonly bool[] _empty;
    private readonly bool[] _productive;

    /// <summary>The rules that name a rule.</summary>
    private readonly List<int>?[] _users;

    private GrammarAnalysis(string kind, GrammarRules rules, Func<int, string> placeOf)
    {
        _rules = rules;
        (_empty, _productive) = (new bool[rules.Count], new bool[rules.Count]);
        _users = new List<int>?[rules.Count];
        for (int i = 0; i < rules.Count; i++)
            CheckDepth(kind, rules[i], placeOf, i, 0);
        Fix(_empty, CanBeEmpty);
        Fix(_productive, IsProductive);
    }

    /// <summary>Looks at rules.</summary>
    /// <param name="kind">What they were made of.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="placeOf">Where a rule stands, for errors.</param>
    /// <exception cref="GrammarException">A rule is left-recursive, or the start derives no text.</exception>
    public static GrammarAnalysis Of(string kind, GrammarRules rules, Func<int, string> placeOf)
    {
        if (rules.Count == 0)
            throw new GrammarException(kind, "", "it has no rules, so it can end nowhere");
        var analysis = new GrammarAnalysis(kind, rules, placeOf);
        if (analysis.FindLeftRecursion() is { } rule)
        {
            throw new GrammarException(kind, placeOf(rule), $"the rule '{rules.NameOf(rule)}' is left-recursive: it can begin "
                + "with itself. Write the repeat as item*, or put something before it");
        }

        return analysis.IsProductive(0)
            ? analysis
            : throw new GrammarException(kind, placeOf(0), $"the rule '{rules.NameOf(0)}' can end nowhere: no text belongs to "
                + "it, since each of its alternatives needs something that never ends, or that nothing belongs to");
    }

    /// <summary>Whether a rule derives a text.</summary>
    public bool IsProductive(int rule) => _productive[rule];

    /// <summary>Whether a node derives a text.</summary>
    public bool IsProductive(GrammarNode node) => node switch
    {
        GrammarNode.Regular { Language: var language } => !language.IsEmpty,
        GrammarNode.Sequence { Parts: var parts } => parts.All(IsProductive),
        GrammarNode.Choice { Alternatives: var alternatives } => alternatives.Any(IsProductive),
        GrammarNode.Repeat repeat => repeat.Min == 0 || IsProductive(repeat.Body),
        GrammarNode.Rule { Index: var index } => _productive[index],
        _ => true,
    };

    /// <summary>Whether a rule derives the empty text.</summary>
    public bool CanBeEmpty(int rule) => _empty[rule];

    /// <summary>Whether a node derives the empty text.</summary>
    public bool CanBeEmpty(GrammarNode node) => node switch
    {
        GrammarNode.Literal { Bytes: var bytes } => bytes.IsEmpty,
        GrammarNode.Regular { Language: var language } => language.Accepts(ByteDfa.Start),
        GrammarNode.Special { Text: var text } => text.Length == 0,
        GrammarNode.Sequence { Parts: var parts } => parts.All(CanBeEmpty),
        GrammarNode.Choice { Alternatives: var alternatives } => alternatives.Any(CanBeEmpty),
        GrammarNode.Repeat repeat => repeat.Min == 0 || CanBeEmpty(repeat.Body),
        GrammarNode.Rule { Index: var index } => index < _empty.Length && _empty[index],
        _ => false,
    };

    /// <summary>A rule that can begin with itself; null: none can.</summary>
    private int? FindLeftRecursion()
    {
        // 0: not looked at, 1: on the way, 2: done. The way may be long, so it is kept here and not on the stack.
        byte[] marks = new byte[_rules.Count];
        for (int start = 0; start < _rules.Count; start++)
        {
            var way = new Stack<(int Rule, Queue<int> First)>();
            Enter(start);
            while (way.TryPeek(out (int Rule, Queue<int> First) at))
            {
                if (!at.First.TryDequeue(out int next))
                    marks[way.Pop().Rule] = 2;
                else if (marks[next] == 1)
                    return next;
                else
                    Enter(next);
            }

            void Enter(int rule)
            {
                if (marks[rule] != 0)
                    return;
                marks[rule] = 1;
                var first = new Queue<int>();
                AddFirst(_rules[rule], first);
                way.Push((rule, first));
            }
        }

        return null;
    }

    /// <summary>The rules that a node can begin with.</summary>
    private void AddFirst(GrammarNode node, Queue<int> first)
    {
        switch (node)
        {
            case GrammarNode.Rule { Index: var index }:
                first.Enqueue(index);
                break;
            case GrammarNode.Sequence { Parts: var parts }:
                foreach (GrammarNode part in parts)
                {
                    AddFirst(part, first);
                    if (!CanBeEmpty(part))
                        break;
                }

                break;
            case GrammarNode.Choice { Alternatives: var alternatives }:
                foreach (GrammarNode alternative in alternatives)
                    AddFirst(alternative, first);
                break;
            case GrammarNode.Repeat { Max: not 0 } repeat:
                AddFirst(repeat.Body, first);
                break;
        }
    }

    private void Fix(bool[] holds, Func<GrammarNode, bool> test)
    {
        // What is found of a rule can change those that name it, and no others.
        var waiting = new Stack<int>(Enumerable.Range(0, holds.Length));
        while (waiting.TryPop(out int rule))
        {
            if (holds[rule] || !test(_rules[rule]))
                continue;
            holds[rule] = true;
            foreach (int user in _users[rule] ?? [])
                waiting.Push(user);
        }
    }

    private void CheckDepth(string kind, GrammarNode node, Func<int, string> placeOf, int rule, int depth)
    {
        if (depth > Deepest)
        {
            throw new GrammarException(kind, placeOf(rule),
                $"the rule '{_rules.NameOf(rule)}' is nested deeper than the {Deepest} levels that are allowed; name "
                + "parts of it as rules of their own");
        }

        switch (node)
        {
            case GrammarNode.Sequence { Parts: var parts }:
                foreach (GrammarNode part in parts)
                    CheckDepth(kind, part, placeOf, rule, depth + 1);
                break;
            case GrammarNode.Choice { Alternatives: var alternatives }:
                foreach (GrammarNode alternative in alternatives)
                    CheckDepth(kind, alternative, placeOf, rule, depth + 1);
                break;
            case GrammarNode.Repeat { Body: var body, Min: var min, Max: var max }:
                if (min < 0 || max < min)
                    throw new ArgumentOutOfRangeException(nameof(node), $"A repeat of {min} to {max} times.");
                CheckDepth(kind, body, placeOf, rule, depth + 1);
                break;
            case GrammarNode.Rule { Index: var index }:
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_rules.Count, nameof(node));
                List<int> users = _users[index] ??= [];
                if (users.Count == 0 || users[^1] != rule)
                    users.Add(rule);
                break;
        }
    }
}
