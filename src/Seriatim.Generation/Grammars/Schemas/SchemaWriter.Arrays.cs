using System.Numerics;
using System.Text;

namespace Seriatim.Generation;

/// <content>Arrays: items in their places; items that must be among them; items that must differ, where they are few.</content>
internal sealed partial class SchemaWriter
{
    private const int MaxDifferent = 8;

    /// <summary>Most places in which the one item may stand that must be of a type.</summary>
    private const int MaxPlaces = 300;

    /// <summary>Items of a tuple that are one in the other, the next is optional after this one, before a rule is made.</summary>
    private const int MaxNested = 16;

    private GrammarNode Array(ArrayShape shape)
    {
        int length = shape.Prefix.TakeWhile(type => !_types.IsEmpty(type)).Count();
        if (length < shape.Prefix.Length || _types.IsEmpty(shape.Rest))
        {
            shape = shape with
            {
                Prefix = shape.Prefix[..length],
                Rest = SchemaTypes.Nothing,
                Max = StringShapes.Least(shape.Max, length),
            };
        }
        if (shape.Max < shape.Min)
            return Nowhere;
        GrammarNode items = shape.Unique is not null && !(shape.Max <= 1) ? Different(shape)
            : shape.Contains.IsEmpty ? Items(shape)
            : shape is { Contains: [{ Min: 1, Max: null }], Min: <= 1, Max: null } ? WithOne(shape, shape.Contains[0])
            : Containing(shape);
        return Sequence(Literal("["), _blank, items, _blank, Literal("]"));
    }

    private GrammarNode Items(ArrayShape shape)
    {
        int fixedItems = Math.Min(shape.Prefix.Length, shape.Max ?? int.MaxValue);
        GrammarNode tail = GrammarNode.Empty;
        if (shape.Rest != SchemaTypes.Nothing && !(shape.Max <= fixedItems))
        {
            GrammarNode rest = Value(shape.Rest), next = Sequence(_comma, rest);
            int least = Math.Max(0, shape.Min - fixedItems);
            int? most = shape.Max - fixedItems;
            if (fixedItems > 0)
                tail = Repeat(next, least, most);
            else if (least > 0)
                tail = Sequence(rest, Repeat(next, least - 1, most - 1));
            else
                tail = Optional(Sequence(rest, Repeat(next, 0, most - 1)));
        }
        for (int i = fixedItems - 1; i >= 0; i--)
        {
            tail = Sequence(i == 0 ? GrammarNode.Empty : _comma, Value(shape.Prefix[i]), tail);
            if (i >= shape.Min)
                tail = Optional(tail);
            if (i > 0 && (fixedItems - i) % MaxNested == 0)
            {
                GrammarNode.Rule rule = Rule($"items from {i}");
                _rules.Define(rule, tail);
                tail = rule;
            }
        }
        return tail;
    }

    /// <summary>One item of a type among any number of others: the shape that is asked for most.</summary>
    private GrammarNode WithOne(ArrayShape shape, ContainsShape contains)
    {
        if (shape.Prefix.Length > MaxPlaces)
        {
            throw Refused("contains", $"its item may stand in {shape.Prefix.Length} places with schemas of their own, more than "
                + $"{MaxPlaces}.", contains.Pointer);
        }
        var alternatives = new List<GrammarNode>();
        var before = new List<GrammarNode>();
        for (int i = 0; i < shape.Prefix.Length; i++)
        {
            if (i >= contains.From)
            {
                int found = _types.And(shape.Prefix[i], contains.Type);
                ArrayShape rest = shape with { Prefix = shape.Prefix[i..].SetItem(0, found), Min = 1, Contains = [] };
                alternatives.Add(Sequence([.. before, Items(rest)]));
            }
            before.AddRange([Value(shape.Prefix[i]), _comma]);
        }
        int index = Math.Max(0, contains.From - shape.Prefix.Length);
        if (shape.Rest != SchemaTypes.Nothing)
        {
            GrammarNode rest = Value(shape.Rest), one = Value(_types.And(shape.Rest, contains.Type));
            GrammarNode ahead = Repeat(Sequence(rest, _comma), index, null), after = Repeat(Sequence(_comma, rest), 0, null);
            alternatives.Add(Sequence([.. before, ahead, one, after]));
        }
        return Choice(alternatives);
    }

    /// <summary>Items counted by what they are: a state is the place and how many of each kind have come.</summary>
    private GrammarNode Containing(ArrayShape shape)
    {
        int places = Math.Max(shape.Prefix.Length, Math.Max(shape.Min, shape.Max ?? 0));
        places = shape.Contains.Aggregate(places, (most, contains) => Math.Max(most, contains.From));
        string place = shape.Contains[0].Pointer;
        var rules = new Dictionary<string, GrammarNode>();
        GrammarNode From(int index, int[] counts)
        {
            string key = $"{index}:{string.Join(',', counts)}";
            if (rules.TryGetValue(key, out GrammarNode? known))
                return known;
            if (rules.Count > MaxStates)
                throw Refused("contains", $"it takes more than {MaxStates} states to count its items.", place);
            GrammarNode.Rule rule = Rule($"items {key}");
            rules[key] = rule;
            var alternatives = new List<GrammarNode>();
            bool ends = index >= shape.Min && shape.Contains.Zip(counts).All(pair => pair.Second >= pair.First.Min);
            if (ends)
                alternatives.Add(GrammarNode.Empty);
            if (!(index >= shape.Max))
            {
                foreach ((int type, int[] after) in Kinds(shape, index, counts))
                {
                    GrammarNode next = From(Math.Min(index + 1, places + 1), after);
                    alternatives.Add(Sequence(index == 0 ? GrammarNode.Empty : _comma, Value(type), next));
                }
            }
            _rules.Define(rule, Choice(alternatives));
            return rule;
        }
        return From(0, new int[shape.Contains.Length]);
    }

    /// <summary>What the next item may be, by which of the kinds it counts to.</summary>
    private IEnumerable<(int Type, int[] Counts)> Kinds(ArrayShape shape, int index, int[] counts)
    {
        IEnumerable<(int Type, int[] Counts)> kinds = [(shape.TypeOf(index), counts)];
        for (int j = 0; j < shape.Contains.Length; j++)
        {
            int k = j;
            ContainsShape contains = shape.Contains[j];
            if (index < contains.From)
                continue;
            kinds = [.. kinds.SelectMany(kind =>
            {
                // One that reached what is asked for need not be counted on, unless there is a limit.
                bool open = contains.Max is not null || kind.Counts[k] < contains.Min;
                var next = new List<(int Type, int[] Counts)>();
                if (!open)
                    return [kind];
                if (!(kind.Counts[k] >= contains.Max))
                {
                    int[] more = [.. kind.Counts];
                    more[k]++;
                    if (contains.Max is null)
                        more[k] = Math.Min(more[k], contains.Min);
                    next.Add((_types.And(kind.Type, contains.Type), more));
                }
                if (contains.Max is null)
                    next.Add(kind);
                else
                    next.AddRange(_types.Not(contains.Type).Select(other => (_types.And(kind.Type, other), kind.Counts)));
                return next.AsEnumerable();
            }).Where(kind => !_types.IsEmpty(kind.Type))];
        }
        return kinds;
    }

    /// <summary>Items that all differ, where each is one of a few texts: a state is the set of those that have come.</summary>
    private GrammarNode Different(ArrayShape shape)
    {
        if (shape.Prefix.IsEmpty && shape.Contains.IsEmpty && (shape.Rest == SchemaTypes.Nothing || Few(shape.Rest) is null))
            return Differing(shape);
        int slots = Math.Min(shape.Prefix.Length, shape.Max ?? int.MaxValue);
        bool rest = shape.Rest != SchemaTypes.Nothing && !(shape.Max <= slots);
        var texts = new List<string>();
        List<int> Of(int type)
        {
            List<string>? few = Few(type);
            if (few is null)
            {
                throw Refused("uniqueItems", $"its items have types of their own, of more than {MaxDifferent} values; put "
                    + "uniqueItems under Unchecked to check it yourself.", shape.Unique);
            }
            texts.AddRange(few.Except(texts));
            return [.. few.Select(text => texts.IndexOf(text))];
        }
        List<int>[] prefix = [.. shape.Prefix.Take(slots).Select(Of)];
        List<int> others = rest ? Of(shape.Rest) : [];
        if (texts.Count > MaxDifferent + 2 || !shape.Contains.IsEmpty)
            throw Refused("uniqueItems", "its items may be too many different texts, or are counted by contains.", shape.Unique);
        var rules = new Dictionary<int, GrammarNode>();
        GrammarNode From(int come)
        {
            if (rules.TryGetValue(come, out GrammarNode? known))
                return known;
            GrammarNode.Rule rule = Rule($"different items {come}");
            rules[come] = rule;
            int index = BitOperations.PopCount((uint)come);
            var alternatives = new List<GrammarNode>();
            if (index >= shape.Min)
                alternatives.Add(GrammarNode.Empty);
            if (!(index >= shape.Max))
            {
                foreach (int text in index < prefix.Length ? prefix[index] : others)
                {
                    if ((come >> text & 1) != 0)
                        continue;
                    GrammarNode comma = index == 0 ? GrammarNode.Empty : _comma;
                    alternatives.Add(Sequence(comma, Literal(texts[text]), From(come | 1 << text)));
                }
            }
            _rules.Define(rule, Choice(alternatives));
            return rule;
        }
        return From(0);
    }

    /// <summary>The texts of a type with few values, none of them arrays or objects; null: it has more.</summary>
    private List<string>? Few(int type)
    {
        ValueSet set = _types.Answers(type);
        if (!set.Arrays.IsEmpty || !set.Objects.IsEmpty)
            return null;
        var texts = new List<string>();
        foreach (GrammarNode node in Scalars(set))
        {
            if (node is GrammarNode.Literal literal)
            {
                texts.Add(Encoding.UTF8.GetString(literal.Bytes.Span));
                continue;
            }
            if (node is not GrammarNode.Regular { Language: var language } || !JsonText.IsFinite(language))
                return null;
            while (Language.Shortest(language) is { } shortest)
            {
                texts.Add(Encoding.UTF8.GetString(shortest));
                if (texts.Count > MaxDifferent)
                    return null;
                language = Language.Except(language, Language.Text(texts[^1]));
            }
        }
        return texts;
    }
}
