using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>
/// Writes rules in larger steps: what is regular and stays small becomes one terminal, so that masks are found by tables and not
/// by threads; what derives no text goes; bodies of repeats are never empty; counted repeats of something small are blocks.
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="analysis">What is known of them.</param>
/// <param name="special">The special token of a text; null: there is none, and its bytes are meant.</param>
internal sealed class GrammarSimplifier(GrammarRules rules, GrammarAnalysis analysis, Func<string, int?> special)
{
    /// <summary>Most states of a terminal that is made of parts.</summary>
    private const int LargestTerminal = 512;

    /// <summary>Most states of a union of fixed texts.</summary>
    private const int LargestUnion = 4096;

    /// <summary>Most states of something repeated that becomes part of a terminal.</summary>
    private const int LargestBody = 32;

    /// <summary>
    /// A character and what follows it are joined up to so many states. Larger parts that need not be joined are not: so a
    /// string has the same tables wherever it stands.
    /// </summary>
    private const int SmallTerminal = 64;

    /// <summary>Most states of one character of UTF-8.</summary>
    private const int Character = 9;

    /// <summary>First bytes of many characters.</summary>
    private const int ManyCharacters = 16;

    /// <summary>From so many rounds on, they are counted beside the automaton of one.</summary>
    private const int ManyRounds = 24;

    /// <summary>Most alternatives that what follows them is written into.</summary>
    private const int MostCopies = 8;

    private static readonly GrammarNode Nothing = new GrammarNode.Choice([]);

    private readonly Dictionary<int, GrammarNode> _bodies = [];
    private readonly Dictionary<int, GrammarNode> _inlined = [];
    private readonly HashSet<int> _begun = [];
    private readonly Dictionary<int, int> _nonEmpty = [];
    private readonly Queue<(int Rule, int NonEmpty)> _pending = new();
    private int _count = rules.Count;

    /// <summary>Simplifies all rules that the start leads to.</summary>
    public void Run()
    {
        BeginWithTheLast();
        Reach(Body(0), [0]);
    }

    /// <summary>
    /// Rules after those that they name, as far as they are not recursive: a chain of many rules (an object with as many keys
    /// that may be left out) needs no deeper stack than one rule.
    /// </summary>
    private void BeginWithTheLast()
    {
        var way = new Stack<(int Rule, Queue<int> Named)>();
        Enter(0);
        while (way.TryPeek(out (int Rule, Queue<int> Named) at))
        {
            if (at.Named.TryDequeue(out int next))
                Enter(next);
            else
                Body(way.Pop().Rule);
        }

        void Enter(int rule)
        {
            if (_begun.Add(rule) && analysis.IsProductive(rule))
                way.Push((rule, rules.NamedBy(rule)));
        }
    }

    /// <summary>The body of a rule, of <see cref="GrammarNode.Regular"/> and what joins them.</summary>
    public GrammarNode Body(int rule)
    {
        if (_bodies.TryGetValue(rule, out GrammarNode? body))
            return body;
        _begun.Add(rule);
        body = Simplify(rules[rule]);
        _bodies[rule] = body;
        return body;
    }

    private static bool IsNothing(GrammarNode node) => node is GrammarNode.Choice { Alternatives.IsEmpty: true };

    private static bool IsTerminal(GrammarNode node) => node is GrammarNode.Literal or GrammarNode.Regular;

    private static bool IsEmpty(GrammarNode node) => node is GrammarNode.Literal { Bytes.IsEmpty: true };

    private GrammarNode Simplify(GrammarNode node)
    {
        if (!analysis.IsProductive(node))
            return Nothing;
        return node switch
        {
            GrammarNode.Special { Text: var text } =>
                special(text) is null ? new GrammarNode.Literal(System.Text.Encoding.UTF8.GetBytes(text)) : node,
            GrammarNode.Sequence { Parts: var parts } => Join(parts.Select(Simplify)),
            GrammarNode.Choice { Alternatives: var alternatives } => Unite(alternatives.Select(Simplify)),
            GrammarNode.Repeat repeat => Repeat(repeat),
            GrammarNode.Rule { Index: var index } => Inline(index, node),
            _ => node,
        };
    }

    /// <summary>A rule that is one terminal, or a small one, is written out; those that are recursive cannot be.</summary>
    private GrammarNode Inline(int rule, GrammarNode node)
    {
        if (_begun.Contains(rule) && !_bodies.ContainsKey(rule))
            return node;
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        if (!_inlined.TryGetValue(rule, out GrammarNode? written))
        {
            GrammarNode body = Body(rule);
            _inlined.Add(rule, written = IsTerminal(body) ? body : Terminal(body, LargestBody) ?? node);
        }

        return written;
    }

    /// <summary>
    /// One after another. A terminal that can go on where it may end is joined with what follows: else each of its states
    /// would have to look at that.
    /// </summary>
    private static GrammarNode Join(IEnumerable<GrammarNode> parts)
    {
        var joined = new List<GrammarNode>();
        foreach (GrammarNode part in parts.SelectMany(
            part => part is GrammarNode.Sequence { Parts: var inner } ? inner.AsEnumerable() : [part]))
        {
            if (IsEmpty(part))
                continue;
            if (joined.Count > 0 && Join(joined[^1], part) is { } both)
                joined[^1] = both;
            else
                joined.Add(part);
        }

        return joined.Count switch
        {
            0 => GrammarNode.Empty,
            1 => joined[0],
            _ => new GrammarNode.Sequence([.. joined]),
        };
    }

    private static GrammarNode? Join(GrammarNode left, GrammarNode right)
    {
        if (left is GrammarNode.Literal first && right is GrammarNode.Literal second)
            return new GrammarNode.Literal((byte[])[.. first.Bytes.Span, .. second.Bytes.Span]);
        if (!IsTerminal(right))
            return null;
        if (left is GrammarNode.Choice { Alternatives: { Length: <= MostCopies } alternatives }
            && StatesOf(right) <= SmallTerminal && alternatives.Any(EndsOpen))
        {
            return new GrammarNode.Choice([.. alternatives.Select(alternative => Join([alternative, right]))]);
        }

        if (!IsTerminal(left))
            return null;
        bool isOpen = left is GrammarNode.Regular { Language: var language } && IsOpen(language);
        bool isSmall = left is GrammarNode.Regular && StatesOf(left) <= Character && StatesOf(right) <= SmallTerminal;
        return isOpen || isSmall ? Terminal(new GrammarNode.Sequence([left, right]), LargestTerminal) : null;
    }

    private static bool EndsOpen(GrammarNode node) => node switch
    {
        GrammarNode.Regular { Language: var language } => IsOpen(language),
        GrammarNode.Sequence { Parts: var parts } => EndsOpen(parts[^1]),
        _ => false,
    };

    /// <summary>
    /// Whether there is a state in which a text may end and may go on with many characters. With few (white space, digits) there
    /// are few tokens to look at, and nothing is gained.
    /// </summary>
    private static bool IsOpen(ByteDfa language)
    {
        for (int state = 0; state < language.States; state++)
        {
            if (language.Accepts(state) && Terminals.First(language, state).Count >= ManyCharacters)
                return true;
        }

        return false;
    }

    private static int StatesOf(GrammarNode terminal) => terminal is GrammarNode.Literal literal
        ? literal.Bytes.Length + 1 : ((GrammarNode.Regular)terminal).Language.States;

    private static GrammarNode.Regular? Terminal(GrammarNode node, int mostStates) =>
        TerminalBuilder.TryBuild(node, mostStates) is { } language ? new GrammarNode.Regular(language) : null;

    private static GrammarNode Unite(IEnumerable<GrammarNode> alternatives)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        var others = new List<GrammarNode>();
        var terminals = new List<GrammarNode>();
        foreach (GrammarNode alternative in alternatives.SelectMany(
            one => one is GrammarNode.Choice { Alternatives: var inner } ? inner.AsEnumerable() : [one]))
        {
            (IsTerminal(alternative) ? terminals : others).Add(alternative);
        }

        if (terminals.Count == 1)
            others.Insert(0, terminals[0]);
        else if (terminals.Count > 1)
            others.InsertRange(0, UniteTerminals(terminals));
        return others.Count == 1 ? others[0] : new GrammarNode.Choice([.. others]);
    }

    private static IEnumerable<GrammarNode> UniteTerminals(List<GrammarNode> terminals)
    {
        bool fixedTexts = terminals.TrueForAll(terminal => terminal is GrammarNode.Literal);
        int states = terminals.Sum(StatesOf);
        if (states <= 8 * (fixedTexts ? LargestUnion : LargestTerminal)
            && Terminal(new GrammarNode.Choice([.. terminals]), fixedTexts ? LargestUnion : LargestTerminal) is { } one)
        {
            return [one];
        }

        return fixedTexts ? ByFirstByte([.. terminals.Cast<GrammarNode.Literal>().Select(literal => literal.Bytes)]) : terminals;
    }

    /// <summary>Many fixed texts: a tree of what they begin with.</summary>
    private static IEnumerable<GrammarNode> ByFirstByte(List<ReadOnlyMemory<byte>> texts)
    {
        if (texts.Exists(text => text.IsEmpty))
            yield return GrammarNode.Empty;
        foreach (IGrouping<byte, ReadOnlyMemory<byte>> group in texts.Where(text => !text.IsEmpty)
            .GroupBy(text => text.Span[0]))
        {
            List<ReadOnlyMemory<byte>> same = [.. group];
            int common = same[0].Length;
            foreach (ReadOnlyMemory<byte> text in same)
                common = Math.Min(common, same[0].Span.CommonPrefixLength(text.Span));
            yield return Join(
            [
                new GrammarNode.Literal(same[0][..common]),
                Unite(same.Select(text => new GrammarNode.Literal(text[common..]))),
            ]);
        }
    }

    private GrammarNode Repeat(GrammarNode.Repeat repeat)
    {
        if (repeat.Max == 0 || (repeat.Min == 0 && !analysis.IsProductive(repeat.Body)))
            return GrammarNode.Empty;
        GrammarNode body = Simplify(repeat.Body);
        if (IsEmpty(body) || repeat is { Min: 1, Max: 1 })
            return body;
        if (Terminal(body, LargestBody) is { } small)
        {
            // Empty rounds are none: a million of them could follow each other without a byte.
            return !small.Language.Accepts(ByteDfa.Start) ? RepeatSmall(small, repeat.Min, repeat.Max)
                : !Terminals.HasMore(small.Language) ? GrammarNode.Empty
                : RepeatSmall(new GrammarNode.Regular(Terminals.WithoutEmpty(small.Language)), 0, repeat.Max);
        }

        if (repeat is { Min: 0, Max: 1 })
            return Unite([body, GrammarNode.Empty]);
        bool canBeEmpty = analysis.CanBeEmpty(body);
        if (canBeEmpty)
            body = NonEmpty(body);
        return new GrammarNode.Repeat(body, canBeEmpty ? 0 : repeat.Min, repeat.Max);
    }

    /// <summary>
    /// Something small many times: one terminal if that stays small; else blocks of a fixed number, which are counted beside
    /// the terminals, and what is left: <c>x{0,qk+r} = (x{k}){0,q-1} x{0,k-1} | (x{k}){q} x{0,r}</c>. All blocks share their
    /// tables.
    /// </summary>
    private static GrammarNode RepeatSmall(GrammarNode.Regular body, int min, int? max)
    {
        long copies = max ?? min + 1L;
        if (copies >= ManyRounds && copies * body.Language.States > SmallTerminal
            && Terminals.First(body.Language, ByteDfa.Start).Count >= ManyCharacters
            && CountedTerminal.CanCount(body.Language, min, max))
        {
            return new GrammarNode.Repeat(body, min, max);
        }

        if (copies * body.Language.States <= LargestTerminal
            && Terminal(new GrammarNode.Repeat(body, min, max), LargestTerminal) is { } whole)
        {
            return whole;
        }

        int block = Math.Max(2, LargestTerminal / 2 / body.Language.States);
        if (Terminal(new GrammarNode.Repeat(body, block, block), LargestTerminal) is not { } blocks)
            return new GrammarNode.Repeat(body, min, max);
        GrammarNode Times(int times) => Join([Counted(blocks, times / block, times / block), Part(times % block, times % block)]);
        GrammarNode Part(int least, int? most) =>
            new GrammarNode.Repeat(body, least, most) is var repeat && Terminal(repeat, LargestTerminal) is { } part
                ? part : repeat;
        if (max is null)
            return Join([Times(min), Part(0, null)]);
        int rest = max.Value - min;
        if (rest < block)
            return Join([Times(min), Part(0, rest)]);
        return Join(
        [
            Times(min),
            Unite(
            [
                Join([Counted(blocks, 0, rest / block - 1), Part(0, block - 1)]),
                Join([Counted(blocks, rest / block, rest / block), Part(0, rest % block)]),
            ]),
        ]);
    }

    private static GrammarNode Counted(GrammarNode body, int min, int max) => max == 0 ? GrammarNode.Empty
        : min == 1 && max == 1 ? body : new GrammarNode.Repeat(body, min, max);

    /// <summary>
    /// The texts of a node but for the empty one: an empty round of a repeat would lead nowhere, again and again.
    /// </summary>
    private GrammarNode NonEmpty(GrammarNode node)
    {
        if (!analysis.CanBeEmpty(node))
            return node;
        switch (node)
        {
            case GrammarNode.Regular { Language: var language }:
                return Terminals.HasMore(language) ? new GrammarNode.Regular(Terminals.WithoutEmpty(language)) : Nothing;
            case GrammarNode.Sequence { Parts: var parts }:
                var alternatives = new List<GrammarNode>();
                for (int i = 0; i < parts.Length; i++)
                {
                    GrammarNode first = NonEmpty(parts[i]);
                    if (!IsNothing(first))
                        alternatives.Add(Join([first, .. parts.Skip(i + 1)]));
                }

                return Unite(alternatives);
            case GrammarNode.Choice { Alternatives: var all }:
                return Unite(all.Select(NonEmpty).Where(one => !IsNothing(one)));
            case GrammarNode.Repeat repeat:
                GrammarNode once = NonEmpty(repeat.Body);
                int? max = repeat.Max - 1;
                int min = analysis.CanBeEmpty(repeat.Body) ? 0 : Math.Max(0, repeat.Min - 1);
                return max == 0 ? once : Join([once, new GrammarNode.Repeat(once, min, max)]);
            case GrammarNode.Rule { Index: var index }:
                return NonEmptyRule(index);
            default:
                return Nothing;
        }
    }

    private GrammarNode.Rule NonEmptyRule(int index)
    {
        if (_nonEmpty.TryGetValue(index, out int other))
            return new GrammarNode.Rule(other);
        _nonEmpty.Add(index, other = _count++);
        _pending.Enqueue((index, other));
        return new GrammarNode.Rule(other);
    }

    private void Reach(GrammarNode start, HashSet<int> seen)
    {
        var waiting = new Stack<GrammarNode>([start]);
        while (waiting.TryPop(out GrammarNode? node))
        {
            switch (node)
            {
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
                case GrammarNode.Rule { Index: var index } when seen.Add(index):
                    waiting.Push(index < rules.Count ? Body(index) : NonEmptyBody(index));
                    break;
            }
        }
    }

    private GrammarNode NonEmptyBody(int index)
    {
        while (!_bodies.ContainsKey(index) && _pending.TryDequeue(out (int Rule, int NonEmpty) next))
            _bodies[next.NonEmpty] = NonEmpty(Body(next.Rule));
        return _bodies[index];
    }
}
