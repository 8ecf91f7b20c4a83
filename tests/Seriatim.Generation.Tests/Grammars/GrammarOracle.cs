using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>
/// The meaning of grammar rules, as plainly as it can be written: all derivations at once, each a stack of what is still to come.
/// Slow, and obviously right: what the automaton is compared with.
/// </summary>
internal sealed class GrammarOracle
{
    private readonly GrammarRules _rules;
    private readonly List<Frame> _frames = [];
    private readonly Dictionary<Frame, int> _numbers = [];

    public GrammarOracle(GrammarRules rules)
    {
        _rules = rules;
        Start = Close([Push(new GrammarNode.Rule(0), 0, Done)]);
    }

    /// <summary>The stack on which nothing is left.</summary>
    private const int Done = -1;

    public HashSet<int> Start { get; }

    public bool MayEnd(HashSet<int> state) => state.Contains(Done);

    public bool Accepts(ReadOnlySpan<byte> text) => MayEnd(After(Start, text));

    public HashSet<int> After(HashSet<int> state, ReadOnlySpan<byte> text)
    {
        foreach (byte value in text)
        {
            if (state.Count == 0)
                return state;
            state = After(state, value);
        }
        return state;
    }

    public HashSet<int> After(HashSet<int> state, byte value)
    {
        var next = new List<int>();
        foreach (int stack in state)
        {
            if (stack == Done)
                continue;
            Frame top = _frames[stack];
            if (top.Node is GrammarNode.Literal literal && literal.Bytes.Span[top.Place] == value)
                next.Add(Push(literal, top.Place + 1, top.Below));
            if (top.Node is Items items)
                next.AddRange(items.After(value).Select(one => Push(one, 0, top.Below)));
            if (top.Node is GrammarNode.Regular regular && regular.Language.Next(top.Place, value) is >= 0 and var to)
                next.Add(Push(regular, to, top.Below));
        }
        return Close(next);
    }

    private int Push(GrammarNode node, int place, int below)
    {
        var frame = new Frame(node, place, below);
        if (_numbers.TryGetValue(frame, out int number))
            return number;
        _frames.Add(frame);
        return _numbers[frame] = _frames.Count - 1;
    }

    private HashSet<int> Close(List<int> from)
    {
        var seen = new HashSet<int>();
        var kept = new HashSet<int>();
        var open = new Stack<int>(from);
        while (open.TryPop(out int stack))
        {
            if (!seen.Add(stack))
                continue;
            if (stack == Done)
            {
                kept.Add(stack);
                continue;
            }
            (GrammarNode node, int place, int below) = _frames[stack];
            switch (node)
            {
                case GrammarNode.Literal literal when place == literal.Bytes.Length:
                    open.Push(below);
                    break;
                case GrammarNode.Literal:
                    kept.Add(stack);
                    break;
                case GrammarNode.Regular regular:
                    kept.Add(stack);
                    if (regular.Language.Accepts(place))
                        open.Push(below);
                    break;
                case GrammarNode.Distinct distinct:
                    open.Push(Push(new Items(distinct, [], "", distinct.Item, ByteDfa.Start), 0, below));
                    break;
                case Items items:
                    kept.Add(stack);
                    if (items.MayEnd)
                        open.Push(below);
                    break;
                case GrammarNode.Rule rule:
                    open.Push(Push(_rules[rule.Index], 0, below));
                    break;
                case GrammarNode.Sequence sequence:
                    if (place == sequence.Parts.Length)
                    {
                        open.Push(below);
                        break;
                    }
                    int rest = place + 1 == sequence.Parts.Length ? below : Push(sequence, place + 1, below);
                    open.Push(Push(sequence.Parts[place], 0, rest));
                    break;
                case GrammarNode.Choice choice:
                    foreach (GrammarNode alternative in choice.Alternatives)
                        open.Push(Push(alternative, 0, below));
                    break;
                case GrammarNode.Repeat repeat:
                    if (place >= repeat.Min)
                        open.Push(below);
                    int rounds = repeat.Max is null ? Math.Min(place + 1, repeat.Min) : place + 1;
                    if (repeat.Max is null || place < repeat.Max)
                        open.Push(Push(repeat.Body, 0, Push(repeat, rounds, below)));
                    break;
                default:
                    throw new NotSupportedException(node.GetType().Name);
            }
        }
        return kept;
    }

    /// <summary>Items that must differ: those that have come, and the bytes of the one that is read.</summary>
    private sealed record Items(
        GrammarNode.Distinct Of, ImmutableList<string> Done, string Text, ByteDfa Language, int State) : GrammarNode
    {
        private bool IsDone => ReferenceEquals(Language, Of.Item) && Language.Accepts(State) && !Done.Contains(Text);

        public bool MayEnd => IsDone && Done.Count + 1 >= Of.Min;

        public IEnumerable<Items> After(byte value)
        {
            bool isItem = ReferenceEquals(Language, Of.Item);
            if (Language.Next(State, value) is >= 0 and var next)
                yield return this with { State = next, Text = isItem ? Text + (char)value : "" };
            if (IsDone && !(Done.Count + 1 >= Of.Max) && Of.Separator.Next(ByteDfa.Start, value) is >= 0 and var between)
                yield return this with { Done = Done.Add(Text), Text = "", Language = Of.Separator, State = between };
            if (!isItem && Language.Accepts(State) && Of.Item.Next(ByteDfa.Start, value) is >= 0 and var begun)
                yield return this with { Text = $"{(char)value}", Language = Of.Item, State = begun };
        }
    }

    /// <summary>What is still to come, from a place in it on, and what comes after it.</summary>
    private readonly record struct Frame(GrammarNode Node, int Place, int Below)
    {
        public bool Equals(Frame other) => ReferenceEquals(Node, other.Node) && Place == other.Place && Below == other.Below;

        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(Node), Place, Below);
    }
}
