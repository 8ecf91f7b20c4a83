using System.Text.Json;

namespace Seriatim.Generation;

/// <summary>
/// The types of a schema. A type is a conjunction of schemas of the document, each as it is or negated, known by a number: so
/// <c>allOf</c>, references and recursion need nothing but sets of places, and types below a type are looked into when they are
/// wanted. What a type allows is a <see cref="ValueSet"/>.
/// </summary>
internal sealed partial class SchemaTypes
{
    /// <summary>The type of every value: no schema.</summary>
    public const int Anything = 0;

    /// <summary>The type of no value.</summary>
    public const int Nothing = 1;

    private const int MaxTypes = 20_000;

    private const int MaxDepth = 24;

    private const int MaxPlaces = 500;

    private readonly SchemaDocument _document;
    private readonly JsonSchemaOptions _options;
    private readonly List<Conjunct[]> _types = [[], []];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<int, ValueSet> _values = new() { [Anything] = ValueSet.Any, [Nothing] = ValueSet.None };
    private readonly Dictionary<int, ValueSet> _answers = [];
    private readonly Dictionary<Conjunct, ValueSet> _parts = [];
    private readonly Dictionary<int, bool> _empty = new() { [Anything] = false, [Nothing] = true };
    private readonly HashSet<int> _expanding = [];
    private readonly HashSet<int> _emptying = [];
    private readonly List<int[]> _scopes = [[]];
    private readonly List<int[]> _unions = [];
    private readonly Dictionary<int, HashSet<string>?> _constants = [];
    private HashSet<Conjunct> _inPlace = [];
    private int _places;

    /// <summary>The types of a document.</summary>
    public SchemaTypes(SchemaDocument document, JsonSchemaOptions options) => (_document, _options) = (document, options);

    /// <summary>
    /// A schema of a type: as it is, or negated; with the resources through which it was reached. A node below 0 is a union of
    /// types.
    /// </summary>
    private readonly record struct Conjunct(int Node, bool Negated, int Scope);

    /// <summary>Whether it must be known which keys the schemas of a value name.</summary>
    private bool TracksKeys => _document.TracksEvaluated || !_options.AdditionalPropertiesByDefault;

    /// <summary>Type of the whole document.</summary>
    public int Root => TypeOf(_document.Root, 0);

    /// <summary>Whether some text of a type's value exists that is a value of both.</summary>
    public int And(int one, int other)
    {
        if (one == other || other == Anything)
            return one;
        if (one == Anything)
            return other;
        return one == Nothing || other == Nothing ? Nothing : Number([.. _types[one], .. _types[other]]);
    }

    /// <summary>All values that are not of a type: those of one of these types.</summary>
    public int[] Not(int type) => type switch
    {
        Anything => [],
        Nothing => [Anything],
        _ => [.. _types[type].Select(part => Number([part with { Negated = !part.Negated }]))],
    };

    /// <summary>Where a type stands in the document, for messages.</summary>
    public string PlaceOf(int type) =>
        _types[type].Where(part => part.Node >= 0).Select(part => _document[part.Node].Pointer).FirstOrDefault("");

    /// <summary>The type of the values of one of some types.</summary>
    public int Or(params int[] types)
    {
        types = [.. types.Where(type => type != Nothing).Distinct().Order()];
        if (types.Contains(Anything))
            return Anything;
        if (types.Length < 2)
            return types is [var one] ? one : Nothing;
        int known = _unions.FindIndex(union => union.AsSpan().SequenceEqual(types));
        if (known < 0)
        {
            _unions.Add(types);
            known = _unions.Count - 1;
        }
        return Number([new Conjunct(-1 - known, false, 0)]);
    }

    /// <summary>What a type allows.</summary>
    public ValueSet Values(int type)
    {
        if (_values.TryGetValue(type, out ValueSet? known))
            return known;
        HashSet<Conjunct> outside = _inPlace;
        _inPlace = [];
        _expanding.Add(type);
        try
        {
            ValueSet all = ValueSet.Any;
            foreach (Conjunct part in _types[type])
                all = And(all, Expand(part));
            return _values[type] = all;
        }
        finally
        {
            _expanding.Remove(type);
            _inPlace = outside;
        }
    }

    /// <summary>
    /// What an answer of a type may be. Where only named keys are wanted, a type is closed here, with all that its schemas say of
    /// the value put together: a schema under <c>not</c>, <c>if</c>, <c>allOf</c> or <c>oneOf</c> says only what a value is.
    /// </summary>
    public ValueSet Answers(int type)
    {
        ValueSet set = Values(type);
        if (_options.AdditionalPropertiesByDefault || set.Objects.All(shape => shape.Evaluated.IsEmpty))
            return set;
        if (!_answers.TryGetValue(type, out ValueSet? closed))
        {
            _answers[type] = closed = set with
            {
                Objects = Distinct(set.Objects.Select(shape =>
                    shape.Evaluated.IsEmpty ? shape : And(shape, UnevaluatedKeys(shape, Nothing))), Same),
            };
        }
        return closed;
    }

    /// <summary>
    /// Whether a type is known to have no value. What is being looked into already is taken to have some: that is never wrong,
    /// whatever is made of it and kept, and rules that can end nowhere are cut off later.
    /// </summary>
    public bool IsEmpty(int type)
    {
        if (_empty.TryGetValue(type, out bool known))
            return known;
        if (_expanding.Contains(type) || _emptying.Contains(type) || _emptying.Count > MaxDepth)
            return false;
        if (HasDifferentConstants(type))
            return _empty[type] = true;
        _emptying.Add(type);
        bool empty = IsEmpty(Values(type));
        _emptying.Remove(type);
        return _empty[type] = empty;
    }

    /// <summary>
    /// Whether two of a type's parts name their values, and no common one: so branches of <c>oneOf</c> are mostly told apart.
    /// </summary>
    private bool HasDifferentConstants(int type)
    {
        HashSet<string>? common = null;
        foreach (Conjunct part in _types[type])
        {
            if (part.Negated || part.Node < 0 || ConstantsOf(part.Node) is not { } constants)
                continue;
            common = common is null ? constants : [.. common.Intersect(constants)];
            if (common.Count == 0)
                return true;
        }
        return false;
    }

    /// <summary>The texts, truth values and null that are a schema's only values; null: it has others, or names none.</summary>
    private HashSet<string>? ConstantsOf(int id)
    {
        if (_constants.TryGetValue(id, out HashSet<string>? known))
            return known;
        SchemaNode node = _document[id];
        JsonElement[]? values = node.IsValue ? [node.Element]
            : node.Resource.Draft <= 7 && Has(node, "$ref", out _) ? null
            : Has(node, "const", out JsonElement constant) ? [constant]
            : Has(node, "enum", out JsonElement list) && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray()] : null;
        bool plain = values is not null && values.All(value => value.ValueKind
            is JsonValueKind.String or JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null);
        return _constants[id] = !plain ? null
            : [.. values!.Select(value => value.ValueKind == JsonValueKind.String ? $"\"{TextOf(value)}" : value.GetRawText())];
    }

    /// <summary>Whether a set of values is known to have none.</summary>
    public bool IsEmpty(ValueSet set) => !set.Null && !set.True && !set.False && set.Numbers.Plain.IsEmpty
        && set.Strings.All(StringShapes.IsEmpty) && set.Arrays.All(IsEmpty) && set.Objects.All(IsEmpty);

    private bool IsEmpty(ArrayShape shape)
    {
        if (shape.Min > shape.Max)
            return true;
        for (int i = 0; i < Math.Min(shape.Min, shape.Prefix.Length + 1); i++)
        {
            if (IsEmpty(shape.TypeOf(i)))
                return true;
        }
        return false;
    }

    private bool IsEmpty(ObjectShape shape) => shape.Min > shape.Max
        || shape.Members.Count(member => member.Required) > shape.Max
        || shape.Members.Any(member => member.Required && IsEmpty(member.Type));

    /// <summary>The type of a schema.</summary>
    private int TypeOf(SchemaNode node, int scope)
    {
        switch (node.Element.ValueKind)
        {
            case var _ when node.IsValue:
                return Number([new Conjunct(node.Id, false, 0)]);
            case JsonValueKind.True:
                return Anything;
            case JsonValueKind.False:
                return Nothing;
            case JsonValueKind.Object:
                SchemaKeywords.Check(node, _options.Unchecked);
                if (!node.Element.EnumerateObject().Any(property => SchemaKeywords.Constrains(property.Name)))
                    return Anything;
                return Number([new Conjunct(node.Id, false, Entered(scope, node.Resource))]);
            default:
                throw SchemaDocument.Error(node.Pointer, null, "a schema is an object, true or false.");
        }
    }

    private int Number(Conjunct[] parts)
    {
        parts = [.. parts.Distinct().OrderBy(part => part.Node).ThenBy(part => part.Scope).ThenBy(part => part.Negated)];
        for (int i = 1; i < parts.Length; i++)
        {
            if (parts[i] == parts[i - 1] with { Negated = true })
                return Nothing;
        }
        string key = string.Join(' ', parts.Select(part => $"{(part.Negated ? "-" : "")}{part.Node}.{part.Scope}"));
        if (_numbers.TryGetValue(key, out int number))
            return number;
        if (_types.Count >= MaxTypes)
        {
            throw SchemaDocument.Error("", "allOf", $"its parts combine to more than {MaxTypes} types; say less in allOf, oneOf "
                + "and not.");
        }
        _types.Add(parts);
        return _numbers[key] = _types.Count - 1;
    }

    /// <summary>The resources that were entered, in their order, each once: what <c>$dynamicRef</c> depends on.</summary>
    private int Entered(int scope, SchemaResource resource)
    {
        if (!_document.IsDynamic || _scopes[scope].Contains(resource.Id))
            return scope;
        int[] entered = [.. _scopes[scope], resource.Id];
        int known = _scopes.FindIndex(other => other.AsSpan().SequenceEqual(entered));
        if (known >= 0)
            return known;
        _scopes.Add(entered);
        return _scopes.Count - 1;
    }
}
