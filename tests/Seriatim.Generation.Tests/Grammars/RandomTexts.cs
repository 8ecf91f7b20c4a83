using System.Text;

namespace Seriatim.Generation.Tests.Grammars;

/// <summary>Texts of a grammar at random: each choice by chance, the shortest way where it gets deep or long.</summary>
internal sealed class RandomTexts
{
    private const int MostDepth = 40, MostBytes = 3_000, MostRepeats = 4, MostSteps = 24;

    private readonly GrammarRules _rules;
    private readonly int[] _heights;

    public RandomTexts(GrammarRules rules)
    {
        _rules = rules;
        _heights = [.. Enumerable.Repeat(int.MaxValue, rules.Count)];
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = 0; i < rules.Count; i++)
            {
                int height = Height(rules[i]);
                if (height < int.MaxValue && height + 1 < _heights[i])
                    (_heights[i], changed) = (height + 1, true);
            }
        }
    }

    public byte[] Next(Random random)
    {
        var text = new List<byte>();
        Write(new GrammarNode.Rule(0), 0, random, text);
        return [.. text];
    }

    private int Height(GrammarNode node) => node switch
    {
        GrammarNode.Rule rule => _heights[rule.Index],
        GrammarNode.Sequence sequence => sequence.Parts.Max(Height),
        GrammarNode.Choice choice => choice.Alternatives.Min(Height),
        GrammarNode.Repeat repeat => repeat.Min == 0 ? 0 : Height(repeat.Body),
        _ => 0,
    };

    private void Write(GrammarNode node, int depth, Random random, List<byte> text)
    {
        bool deep = depth > MostDepth || text.Count > MostBytes;
        switch (node)
        {
            case GrammarNode.Literal literal:
                text.AddRange(literal.Bytes.Span);
                break;
            case GrammarNode.Regular regular:
                Walk(regular.Language, random, text, deep ? 0 : random.Next(MostSteps));
                break;
            case GrammarNode.Distinct distinct:
                Write(distinct, random, text);
                break;
            case GrammarNode.Rule rule:
                Write(_rules[rule.Index], depth + 1, random, text);
                break;
            case GrammarNode.Sequence sequence:
                foreach (GrammarNode part in sequence.Parts)
                    Write(part, depth + 1, random, text);
                break;
            case GrammarNode.Choice choice:
                GrammarNode next = deep
                    ? choice.Alternatives.MinBy(Height)! : choice.Alternatives[random.Next(choice.Alternatives.Length)];
                Write(next, depth + 1, random, text);
                break;
            case GrammarNode.Repeat repeat:
                int most = Math.Min(repeat.Max ?? int.MaxValue, repeat.Min + MostRepeats);
                int count = deep ? repeat.Min : random.Next(repeat.Min, most + 1);
                for (int i = 0; i < count; i++)
                    Write(repeat.Body, depth + 1, random, text);
                break;
            default:
                throw new NotSupportedException(node.GetType().Name);
        }
    }

    private static void Write(GrammarNode.Distinct distinct, Random random, List<byte> text)
    {
        int count = random.Next(distinct.Min, Math.Min(distinct.Max ?? int.MaxValue, distinct.Min + MostRepeats) + 1);
        var items = new HashSet<string>();
        for (int tries = 0; items.Count < count && (tries < 100 || items.Count < distinct.Min); tries++)
        {
            var item = new List<byte>();
            Walk(distinct.Item, random, item, random.Next(MostSteps));
            if (!items.Add(Convert.ToHexString([.. item])))
                continue;
            if (items.Count > 1)
                Walk(distinct.Separator, random, text, random.Next(3));
            text.AddRange(item);
        }
    }

    /// <summary>So many random steps, then the shortest way to an end.</summary>
    private static void Walk(ByteDfa language, Random random, List<byte> text, int steps)
    {
        int state = ByteDfa.Start;
        for (int i = 0; i < steps && !(language.Accepts(state) && random.Next(8) == 0); i++)
        {
            byte[] next = [.. Enumerable.Range(0, 256).Select(value => (byte)value)
                .Where(value => language.Next(state, value) != ByteDfa.Dead)];
            if (next.Length == 0)
                break;
            // Letters more often than they are among the bytes, escapes too.
            byte[] common = [.. next.Where(value => value is >= 0x20 and < 0x7F)];
            byte value = common.Length > 0 && random.Next(4) > 0
                ? common[random.Next(common.Length)] : next[random.Next(next.Length)];
            text.Add(value);
            state = language.Next(state, value);
        }
        text.AddRange(ToEnd(language, state));
    }

    private static byte[] ToEnd(ByteDfa language, int from)
    {
        var cameFrom = new Dictionary<int, (int State, byte Value)> { [from] = (-1, 0) };
        var open = new Queue<int>([from]);
        while (open.TryDequeue(out int state))
        {
            if (language.Accepts(state))
            {
                var bytes = new List<byte>();
                for (; cameFrom[state].State >= 0; state = cameFrom[state].State)
                    bytes.Add(cameFrom[state].Value);
                bytes.Reverse();
                return [.. bytes];
            }
            for (int value = 0; value < 256; value++)
            {
                if (language.Next(state, (byte)value) is >= 0 and var next && cameFrom.TryAdd(next, (state, (byte)value)))
                    open.Enqueue(next);
            }
        }
        throw new InvalidOperationException("A dead end.");
    }
}
