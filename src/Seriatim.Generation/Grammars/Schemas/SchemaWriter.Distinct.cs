namespace Seriatim.Generation;

/// <content>
/// Items that must differ and may be many: each value in one spelling alone, so that values are equal where their texts are.
/// </content>
internal sealed partial class SchemaWriter
{
    /// <summary>Most states of the automaton of such an item.</summary>
    private const int MostItemStates = 16_384;

    /// <summary>Most keys of an object among such items: which of them come is told by the automaton.</summary>
    private const int MostItemKeys = 16;

    /// <summary>Deepest nesting of arrays and objects in such items.</summary>
    private const int DeepestItem = 8;

    /// <summary>Items of one type that all differ.</summary>
    private GrammarNode Differing(ArrayShape shape)
    {
        ByteDfa item;
        try
        {
            GrammarNode text = OneWay(shape.Rest, 0);
            item = TerminalBuilder.TryBuild(text, MostItemStates)
                ?? throw new CannotExpressException($"their texts need an automaton of more than {MostItemStates} states");
        }
        catch (Exception e) when (e is CannotExpressException or LanguageTooLargeException)
        {
            throw Refused("uniqueItems", $"its items cannot be compared as texts: {e.Message}; put uniqueItems under Unchecked "
                + "to check it yourself.", shape.Unique);
        }

        ByteDfa comma = TerminalBuilder.TryBuild(_comma, MostItemStates)!;
        if (item.IsEmpty || TextCounts.Of(item)[ByteDfa.Start] < shape.Min)
            return shape.Min == 0 ? GrammarNode.Empty : Nowhere;
        if (!DistinctTerminal.CanSeparate(item, comma))
            throw Refused("uniqueItems", "an item and what follows it are not told apart by a character.", shape.Unique);
        GrammarNode items = new GrammarNode.Distinct(item, comma, Math.Max(1, shape.Min), shape.Max);
        return shape.Min == 0 ? Optional(items) : items;
    }

    /// <summary>The texts of a type, one for each value.</summary>
    /// <exception cref="CannotExpressException">A value has several, or there are too many.</exception>
    private GrammarNode OneWay(int type, int depth)
    {
        if (depth > DeepestItem)
            throw new CannotExpressException($"they are nested deeper than {DeepestItem} levels, or without end");
        ValueSet set = _types.Answers(type);
        var texts = new List<GrammarNode>();
        foreach ((bool has, string text) in new[] { (set.Null, "null"), (set.True, "true"), (set.False, "false") })
        {
            if (has)
                texts.Add(Literal(text));
        }

        if (!set.Numbers.Plain.IsEmpty)
            texts.Add(new GrammarNode.Regular(Language.Intersect(set.Numbers.Plain, Decimals.Shortest)));
        ByteDfa strings = Language.Union([.. set.Strings.Select(StringShapes.Counted)]);
        if (!strings.IsEmpty)
            texts.Add(new GrammarNode.Regular(JsonText.InOneWay(strings)));
        if (set.Arrays.Length > 1 || set.Objects.Length > 1)
            throw new CannotExpressException("there are several kinds of arrays or objects among them");
        texts.AddRange(set.Arrays.Select(array => OneWay(array, depth)));
        texts.AddRange(set.Objects.Select(keys => OneWay(keys, depth)));
        return Choice(texts);
    }

    private GrammarNode OneWay(ArrayShape shape, int depth)
    {
        if (shape.Unique is not null || !shape.Contains.IsEmpty || !shape.Prefix.IsEmpty)
            throw new CannotExpressException("arrays among them have items that differ, are counted or stand in fixed places");
        GrammarNode items = GrammarNode.Empty;
        if (!(shape.Max == 0) && !_types.IsEmpty(shape.Rest))
        {
            GrammarNode item = OneWay(shape.Rest, depth + 1);
            items = Sequence(item, Repeat(Sequence(Literal(","), item), Math.Max(0, shape.Min - 1), shape.Max - 1));
            items = shape.Min == 0 ? Optional(items) : items;
        }
        else if (shape.Min > 0)
        {
            return Nowhere;
        }

        return Sequence(Literal("["), items, Literal("]"));
    }

    private GrammarNode OneWay(ObjectShape shape, int depth)
    {
        MemberShape[] live = [.. shape.Members.Where(member => member.Required || !_types.IsEmpty(member.Type))];
        if (live.Any(member => _types.IsEmpty(member.Type)))
            return Nowhere;
        if (!shape.Exists.IsEmpty || shape.Classes.Any(keys => !_types.OthersOf(shape, keys).IsEmpty))
            throw new CannotExpressException("objects among them may have keys that are not named, which come in any order");
        if (live.Length > MostItemKeys)
            throw new CannotExpressException($"objects among them have {live.Length} keys, more than {MostItemKeys}");
        if (shape.Min > live.Count(member => member.Required) || shape.Max < live.Length)
            throw new CannotExpressException("keys of objects among them are counted");
        // What may follow a key, and what may come if none has.
        GrammarNode following = GrammarNode.Empty, first = GrammarNode.Empty;
        for (int i = live.Length - 1; i >= 0; i--)
        {
            GrammarNode member = Sequence(Literal($"{JsonText.Written(live[i].Name)}:"), OneWay(live[i].Type, depth + 1));
            GrammarNode next = Sequence(Literal(","), member), begun = Sequence(member, following);
            first = live[i].Required ? begun : Choice([begun, first]);
            following = Sequence(live[i].Required ? next : Optional(next), following);
        }

        return Sequence(Literal("{"), first, Literal("}"));
    }
}
