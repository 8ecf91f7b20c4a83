using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Seriatim.Generation;

/// <content>From a schema to its set of values: the keywords of its own, type by type.</content>
internal sealed partial class SchemaTypes
{
    private const int MaxTuple = 1_000;

    private static readonly string[] TypeNames = ["null", "boolean", "number", "integer", "string", "array", "object"];

    private bool Has(SchemaNode node, string keyword, out JsonElement value)
    {
        value = default;
        return node.Element.TryGetProperty(keyword, out value) && !_options.Unchecked.Contains(keyword);
    }

    private static GrammarException Malformed(SchemaNode node, string keyword, string wanted) =>
        SchemaDocument.Error(node.Pointer, keyword, $"{keyword} must be {wanted}.");

    private static string Text(SchemaNode node, string keyword, JsonElement value) => value.ValueKind == JsonValueKind.String
        ? value.GetString()! : throw Malformed(node, keyword, "a text");

    private static IEnumerable<string> Strings(SchemaNode node, string keyword, JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(item => Text(node, keyword, item))
            : throw Malformed(node, keyword, "a list of texts");

    private static IEnumerable<JsonProperty> Map(SchemaNode node, string keyword, JsonElement value) =>
        value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : throw Malformed(node, keyword, "an object");

    private IEnumerable<SchemaNode> List(SchemaNode node, string keyword)
    {
        if (!Has(node, keyword, out JsonElement list))
            return [];
        if (list.ValueKind != JsonValueKind.Array || (list.GetArrayLength() == 0 && keyword is not ("prefixItems" or "items")))
            throw Malformed(node, keyword, "a list of schemas");
        return list.EnumerateArray().Select((item, index) => _document.Child(node, keyword, $"{index}", item));
    }

    private int? Count(SchemaNode node, string keyword)
    {
        if (!Has(node, keyword, out JsonElement value))
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= 0
            && number == Math.Floor(number)
            ? (int)Math.Min(number, int.MaxValue / 2) : throw Malformed(node, keyword, "a whole number, 0 or more");
    }

    /// <summary>What the keywords of a schema allow that do not lead to schemas of the same value.</summary>
    private ValueSet Own(SchemaNode node, int scope)
    {
        ValueSet set = Typed(node);
        if (Has(node, "const", out JsonElement constant))
            set = For(node, "const", () => And(set, ValuesOf(_document.Value(node, "const", constant))));
        if (Has(node, "enum", out JsonElement list))
        {
            if (list.ValueKind != JsonValueKind.Array)
                throw Malformed(node, "enum", "a list of values");
            set = For(node, "enum", () => And(set, Enumerated(node, list)));
        }
        if (!set.Numbers.Plain.IsEmpty)
            set = For(node, FirstOf(node, NumberKeywords), () => set with { Numbers = set.Numbers.And(Numbers(node)) });
        if (!set.Strings.IsEmpty)
        {
            set = For(node, FirstOf(node, StringKeywords),
                () => set with { Strings = StringShapes.And(set.Strings, [Strings(node)]) });
        }
        if (!set.Arrays.IsEmpty)
        {
            set = For(node, FirstOf(node, ArrayKeywords),
                () => set with { Arrays = Distinct(set.Arrays.Select(shape => And(shape, Arrays(node, scope))), Same) });
        }
        if (!set.Objects.IsEmpty)
        {
            set = For(node, FirstOf(node, ObjectKeywords),
                () => set with { Objects = Distinct(set.Objects.Select(shape => And(shape, Objects(node, scope))), Same) });
        }
        return set;
    }

    private ValueSet Typed(SchemaNode node)
    {
        if (!Has(node, "type", out JsonElement type))
            return ValueSet.Any;
        HashSet<string> names = [.. type.ValueKind == JsonValueKind.String ? [type.GetString()!] : Strings(node, "type", type)];
        if (names.Count == 0 || names.FirstOrDefault(name => !TypeNames.Contains(name)) is not null)
            throw Malformed(node, "type", $"one or some of {string.Join(", ", TypeNames)}");
        return new ValueSet
        {
            Null = names.Contains("null"),
            True = names.Contains("boolean"),
            False = names.Contains("boolean"),
            Numbers = names.Contains("number") ? NumberShape.Any
                : names.Contains("integer") ? new NumberShape(Decimals.Whole, false) : NumberShape.None,
            Strings = names.Contains("string") ? [StringShape.Any] : [],
            Arrays = names.Contains("array") ? [ArrayShape.Any] : [],
            Objects = names.Contains("object") ? [ObjectShape.Any] : [],
        };
    }

    private ValueSet Enumerated(SchemaNode node, JsonElement list)
    {
        string[] texts = [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String)
            .Select(item => TextOf(item))];
        ValueSet all = texts.Length == 0 ? ValueSet.None
            : ValueSet.None with { Strings = [new StringShape(Language.Texts(texts), 0, null)] };
        JsonElement[] numbers = [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Number)];
        if (numbers.Length > 0)
            all = Or(all, Equal(node, numbers));
        foreach ((int index, JsonElement item) in list.EnumerateArray().Index())
        {
            if (item.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
                all = Or(all, ValuesOf(_document.Value(node, $"enum/{index}", item)));
        }
        return all;
    }

    /// <summary>The one value of a node.</summary>
    private ValueSet ValuesOf(SchemaNode node)
    {
        JsonElement value = node.Element;
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return ValueSet.None with { Null = true };
            case JsonValueKind.True:
                return ValueSet.None with { True = true };
            case JsonValueKind.False:
                return ValueSet.None with { False = true };
            case JsonValueKind.Number:
                return Equal(node, [value]);
            case JsonValueKind.String:
                return ValueSet.None with { Strings = [new StringShape(Language.Text(TextOf(value)), 0, null)] };
            case JsonValueKind.Array:
                int[] items = [.. value.EnumerateArray().Index()
                    .Select(pair => TypeOf(_document.Value(node, $"{pair.Index}", pair.Item), 0))];
                var list = new ArrayShape { Prefix = [.. items], Rest = Nothing, Min = items.Length, Max = items.Length };
                return ValueSet.None with { Arrays = [list] };
            default:
                var members = new Dictionary<string, MemberShape>(StringComparer.Ordinal);
                foreach (JsonProperty property in value.EnumerateObject())
                {
                    int type = TypeOf(_document.Value(node, property.Name, property.Value), 0);
                    members[property.Name] = new MemberShape(property.Name, type, true);
                }
                return ValueSet.None with { Objects = [new ObjectShape { Members = [.. members.Values] }] };
        }
    }

    private static ValueSet Equal(SchemaNode node, IEnumerable<JsonElement> numbers)
    {
        try
        {
            ByteDfa equal = Decimals.Equal(numbers.Select(number => number.GetRawText()));
            return ValueSet.None with { Numbers = new NumberShape(equal, false) };
        }
        catch (FormatException e)
        {
            throw SchemaDocument.Error(node.Pointer, "const", $"const or enum cannot be enforced: {e.Message}.");
        }
    }

    private static string TextOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new GrammarException("JSON Schema", "", $"{value.GetRawText()} has half a surrogate pair: no UTF-8 text has.");
        }
    }

    private static ByteDfa Compared(SchemaNode node, string keyword, JsonElement bound, Func<int, bool> wanted)
    {
        if (bound.ValueKind != JsonValueKind.Number)
            throw Malformed(node, keyword, "a number");
        try
        {
            return Decimals.Compared(bound.GetRawText(), wanted);
        }
        catch (FormatException e)
        {
            throw SchemaDocument.Error(node.Pointer, keyword, $"{keyword} cannot be enforced: {e.Message}.");
        }
    }

    private NumberShape Numbers(SchemaNode node)
    {
        NumberShape numbers = NumberShape.Any;
        foreach ((string keyword, string exclusive, Func<int, bool> inside, Func<int, bool> outside) in
            new (string, string, Func<int, bool>, Func<int, bool>)[]
            {
                ("minimum", "exclusiveMinimum", order => order >= 0, order => order > 0),
                ("maximum", "exclusiveMaximum", order => order <= 0, order => order < 0),
            })
        {
            bool has = Has(node, keyword, out JsonElement bound);
            bool hasExclusive = Has(node, exclusive, out JsonElement limit);
            bool flag = hasExclusive && node.Resource.Draft == 4 && limit.ValueKind is JsonValueKind.True or JsonValueKind.False;
            if (has)
            {
                Func<int, bool> wanted = flag && limit.ValueKind == JsonValueKind.True ? outside : inside;
                numbers = numbers.And(new NumberShape(Compared(node, keyword, bound, wanted), false));
            }
            if (hasExclusive && !flag)
                numbers = numbers.And(new NumberShape(Compared(node, exclusive, limit, outside), false));
        }
        if (Has(node, "multipleOf", out JsonElement divisor))
        {
            if (divisor.ValueKind != JsonValueKind.Number || divisor.GetRawText().StartsWith('-'))
                throw Malformed(node, "multipleOf", "a number greater than 0");
            try
            {
                numbers = numbers.And(new NumberShape(Decimals.Multiples(divisor.GetRawText()), false));
            }
            catch (FormatException e)
            {
                throw SchemaDocument.Error(node.Pointer, "multipleOf", $"multipleOf cannot be enforced: {e.Message}.");
            }
        }
        return numbers;
    }

    private StringShape Strings(SchemaNode node)
    {
        ByteDfa language = Language.Any;
        if (Has(node, "pattern", out JsonElement pattern))
            language = Pattern(node, "pattern", Text(node, "pattern", pattern));
        if (_options.AssertFormats && Has(node, "format", out JsonElement format) && format.ValueKind == JsonValueKind.String)
        {
            if (Formats.Find(format.GetString()!) is { } texts)
                language = For(node, "format", () => Language.Intersect(language, texts));
        }
        // Up to draft 7 they constrain, later they are notes.
        if (_options.AssertFormats && node.Resource.Draft <= 7)
        {
            if (Has(node, "contentEncoding", out JsonElement encoding)
                && Text(node, "contentEncoding", encoding) == "base64")
                language = For(node, "contentEncoding", () => Language.Intersect(language, Formats.Find("base64")!));
            if (Has(node, "contentMediaType", out JsonElement media)
                && Text(node, "contentMediaType", media) == "application/json")
            {
                throw SchemaDocument.Error(node.Pointer, "contentMediaType", "contentMediaType application/json cannot be "
                    + "enforced; set AssertFormats to false to take it as a note.");
            }
        }
        int min = Count(node, "minLength") ?? 0;
        int? max = Count(node, "maxLength");
        return For(node, max is null ? "minLength" : "maxLength",
            () => StringShapes.And([StringShape.Any], [new StringShape(language, min, max)]) is [var one] ? one
                : new StringShape(Language.None, 0, null));
    }

    private static ByteDfa Pattern(SchemaNode node, string keyword, string pattern)
    {
        try
        {
            return SchemaPatterns.Search(pattern);
        }
        catch (Exception e) when (e is GrammarException or CannotExpressException)
        {
            throw SchemaDocument.Error(node.Pointer, keyword, $"{keyword} cannot be enforced. {e.Message}");
        }
    }

    private ArrayShape Arrays(SchemaNode node, int scope)
    {
        var prefix = ImmutableArray<int>.Empty;
        int rest = Anything, evaluated = 0;
        bool old = node.Resource.Draft < 2020;
        bool hasItems = Has(node, "items", out JsonElement items);
        string listKeyword = old ? "items" : "prefixItems";
        bool hasList = old ? hasItems && items.ValueKind == JsonValueKind.Array : Has(node, "prefixItems", out _);
        if (hasList)
        {
            prefix = [.. List(node, listKeyword).Select(item => TypeOf(item, scope))];
            if (prefix.Length > MaxTuple)
            {
                throw SchemaDocument.Error(node.Pointer, listKeyword, $"{listKeyword} cannot be enforced: it has {prefix.Length} "
                    + $"items, more than {MaxTuple}; say the same of more items at once.");
            }
            evaluated = prefix.Length;
        }
        if (hasItems && items.ValueKind == JsonValueKind.Array && !old)
            throw SchemaDocument.Error(node.Pointer, "items", "items is a list: of draft 2020-12 on, that is prefixItems.");
        string restKeyword = old && hasList ? "additionalItems" : "items";
        if (Has(node, restKeyword, out JsonElement others) && others.ValueKind != JsonValueKind.Array)
        {
            rest = TypeOf(_document.Child(node, restKeyword, others), scope);
            evaluated = int.MaxValue;
        }
        bool unique = Has(node, "uniqueItems", out JsonElement flag) && flag.ValueKind == JsonValueKind.True;
        var contains = ImmutableArray<ContainsShape>.Empty;
        var evaluatedTypes = ImmutableArray<int>.Empty;
        if (Has(node, "contains", out JsonElement wanted) && node.Resource.Draft > 4)
        {
            bool counts = node.Resource.Draft >= 2019;
            int type = TypeOf(_document.Child(node, "contains", wanted), scope);
            int least = counts ? Count(node, "minContains") ?? 1 : 1;
            int? most = counts ? Count(node, "maxContains") : null;
            if (least > 0 || most is not null)
                contains = [new ContainsShape(type, least, most, 0, node.Pointer)];
            if (!old)
                evaluatedTypes = [type];
        }
        return And(ArrayShape.Any, new ArrayShape
        {
            Prefix = prefix,
            Rest = rest,
            Min = Count(node, "minItems") ?? 0,
            Max = Count(node, "maxItems"),
            Unique = unique ? node.Pointer : null,
            Contains = contains,
            Evaluated = evaluated,
            EvaluatedTypes = evaluatedTypes,
        }) ?? new ArrayShape { Min = 1, Max = 0 };
    }

    private ObjectShape Objects(SchemaNode node, int scope)
    {
        var named = new Dictionary<string, int>(StringComparer.Ordinal);
        var patterns = new List<(ByteDfa Keys, int Type)>();
        if (Has(node, "properties", out JsonElement properties))
        {
            foreach (JsonProperty property in Map(node, "properties", properties))
                named[property.Name] = TypeOf(_document.Child(node, "properties", property.Name, property.Value), scope);
        }
        if (Has(node, "patternProperties", out JsonElement map))
        {
            foreach (JsonProperty property in Map(node, "patternProperties", map))
            {
                patterns.Add((Pattern(node, "patternProperties", property.Name),
                    TypeOf(_document.Child(node, "patternProperties", property.Name, property.Value), scope)));
            }
        }
        bool hasRest = Has(node, "additionalProperties", out JsonElement additional);
        int rest = hasRest ? TypeOf(_document.Child(node, "additionalProperties", additional), scope)
            : Anything;
        string[] required = Has(node, "required", out JsonElement list) ? [.. Strings(node, "required", list)] : [];
        ByteDfa names = Names(node, scope);
        var members = ImmutableArray.CreateBuilder<MemberShape>();
        foreach (string name in named.Keys.Concat(required).Distinct())
        {
            byte[] key = Encoding.UTF8.GetBytes(name);
            int[] types = [.. patterns.Where(pattern => Language.Contains(pattern.Keys, key)).Select(pattern => pattern.Type)];
            int type = named.TryGetValue(name, out int own) ? types.Aggregate(own, And)
                : types.Length > 0 ? types.Aggregate(And) : rest;
            if (!Language.Contains(names, key))
                type = Nothing;
            members.Add(new MemberShape(name, type, required.Contains(name)));
        }
        var shape = new ObjectShape
        {
            Members = members.ToImmutable(),
            Classes = For(node, "patternProperties", () => ClassesOf(names, patterns, rest)),
            Min = Count(node, "minProperties") ?? 0,
            Max = Count(node, "maxProperties"),
            Pointer = node.Pointer,
            Evaluated = !TracksKeys ? Language.None : hasRest ? Language.Any
                : Language.Union([Language.Texts(named.Keys), .. patterns.Select(pattern => pattern.Keys)]),
        };
        return And(ObjectShape.Any with { Pointer = node.Pointer }, shape) ?? new ObjectShape { Min = 1, Max = 0 };
    }

    /// <summary>The keys that are allowed at all.</summary>
    private ByteDfa Names(SchemaNode node, int scope)
    {
        if (!Has(node, "propertyNames", out JsonElement schema))
            return Language.Any;
        return For(node, "propertyNames", () =>
        {
            int type = TypeOf(_document.Child(node, "propertyNames", schema), scope);
            ImmutableArray<StringShape> texts = Values(type).Strings;
            return texts.IsEmpty ? Language.None : Language.Union([.. texts.Select(StringShapes.Counted)]);
        });
    }

    /// <summary>Keys apart by the patterns that they match.</summary>
    private ImmutableArray<KeysShape> ClassesOf(ByteDfa names, List<(ByteDfa Keys, int Type)> patterns, int rest)
    {
        var classes = new List<(ByteDfa Keys, int? Type)> { (names, null) };
        foreach ((ByteDfa keys, int type) in patterns)
        {
            classes = [.. classes.SelectMany(part => new (ByteDfa Keys, int? Type)[]
            {
                (Language.Intersect(part.Keys, keys), part.Type is { } before ? And(before, type) : type),
                (Language.Except(part.Keys, keys), part.Type),
            }).Where(part => !part.Keys.IsEmpty)];
        }
        return [.. classes.Select(part => new KeysShape(part.Keys, part.Type ?? rest)).Where(keys => keys.Type != Nothing)
            .GroupBy(keys => keys.Type)
            .Select(group => new KeysShape(Language.Union([.. group.Select(keys => keys.Keys)]), group.Key))];
    }
}
