using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;

namespace Seriatim.Generation;

/// <summary>From the types of a schema to the rules of a grammar: the JSON texts of their values.</summary>
internal sealed partial class SchemaWriter
{
    private const int MaxRules = 30_000;

    private const int MaxStates = 4_000;

    private readonly SchemaTypes _types;
    private readonly GrammarRules _rules = new();
    private readonly Dictionary<int, GrammarNode> _nodes = [];
    private readonly Queue<(GrammarNode.Rule Rule, int Type)> _open = new();
    private readonly GrammarNode _comma;
    private readonly GrammarNode _colon;
    private readonly GrammarNode _blank;
    private string _place = "";

    private SchemaWriter(SchemaTypes types, JsonSpacing spacing)
    {
        _types = types;
        _comma = Sign(",", spacing);
        _colon = Sign(":", spacing);
        _blank = spacing == JsonSpacing.Free ? new GrammarNode.Regular(FreeBlank) : GrammarNode.Empty;
    }

    private static ByteDfa FreeBlank { get; } = RegexLanguage.Full(@"[ \t\n\r]{0,32}");

    private static ByteDfa AnyString { get; } = JsonText.Of(Language.Any);

    /// <summary>The grammar of a document.</summary>
    public static GrammarRules Write(SchemaTypes types, JsonSpacing spacing)
    {
        var writer = new SchemaWriter(types, spacing);
        GrammarNode.Rule root = writer._rules.Declare("answer");
        writer._rules.Define(root, writer.Value(types.Root));
        while (writer._open.TryDequeue(out var next))
        {
            writer._place = types.PlaceOf(next.Type);
            writer._rules.Define(next.Rule,
                writer.For(next.Type, () => writer.Choice(writer.Texts(types.Answers(next.Type)))));
        }
        return GrammarPruner.Run(writer._rules)
            ?? throw new GrammarException("JSON Schema", "", "it allows no value that could be written: no answer can end.");
    }

    private static GrammarNode Sign(string sign, JsonSpacing spacing) => spacing switch
    {
        JsonSpacing.Compact => Literal(sign),
        JsonSpacing.Blank => new GrammarNode.Regular(RegexLanguage.Full(sign + " ?")),
        _ => new GrammarNode.Regular(Language.Concat(FreeBlank, Language.Text(sign), FreeBlank)),
    };

    private static GrammarNode Literal(string text) => new GrammarNode.Literal(Encoding.UTF8.GetBytes(text));

    private static GrammarNode Sequence(params IEnumerable<GrammarNode> parts)
    {
        ImmutableArray<GrammarNode> flat = [.. parts.Where(part => !ReferenceEquals(part, GrammarNode.Empty))
            .SelectMany(part => part is GrammarNode.Sequence inner ? inner.Parts.AsEnumerable() : [part])];
        return flat.Length switch { 0 => GrammarNode.Empty, 1 => flat[0], _ => new GrammarNode.Sequence(flat) };
    }

    private GrammarNode Choice(IEnumerable<GrammarNode> alternatives)
    {
        ImmutableArray<GrammarNode> all = [.. alternatives];
        return all.Length == 1 ? all[0] : new GrammarNode.Choice(all);
    }

    private static GrammarNode Optional(GrammarNode node) => new GrammarNode.Repeat(node, 0, 1);

    private static GrammarNode Repeat(GrammarNode node, int min, int? max) =>
        max == 0 ? GrammarNode.Empty : (min, max) == (1, 1) ? node : new GrammarNode.Repeat(node, min, max);

    private static GrammarNode Nowhere { get; } = new GrammarNode.Choice([]);

    /// <summary>Writes something of a type; what is too large is refused at its place, in the name of a keyword.</summary>
    private T For<T>(int type, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is CannotExpressException or LanguageTooLargeException)
        {
            throw _types.Refused(type, e);
        }
    }

    private GrammarNode? ScalarOf(int type)
    {
        ValueSet set = _types.Answers(type);
        return set.Arrays.IsEmpty && set.Objects.IsEmpty ? Choice(Scalars(set)) : null;
    }

    private GrammarNode.Rule Rule(string name)
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw SchemaDocument.Error(_place, "contains", "contains or maxProperties cannot be enforced: it counts too much.");
        if (_rules.Count >= MaxRules)
            throw SchemaDocument.Error(_place, null, $"it needs more than {MaxRules} rules.");
        return _rules.Declare(name);
    }

    private GrammarException Refused(string keyword, string problem, string? place = null) =>
        SchemaDocument.Error(place ?? _place, keyword, $"{keyword} cannot be enforced: {problem}");

    /// <summary>The texts of a type: a rule where it has arrays or objects.</summary>
    private GrammarNode Value(int type)
    {
        if (_nodes.TryGetValue(type, out GrammarNode? known))
            return known;
        if (For(type, () => ScalarOf(type)) is { } scalar)
            return _nodes[type] = scalar;
        string place = type == SchemaTypes.Anything ? "any value" : _types.PlaceOf(type);
        GrammarNode.Rule rule = Rule(place.Length == 0 ? "the root" : place);
        _open.Enqueue((rule, type));
        return _nodes[type] = rule;
    }

    private IEnumerable<GrammarNode> Texts(ValueSet set) =>
        [.. Scalars(set), .. set.Arrays.Select(Array), .. set.Objects.Select(Object)];

    private static IEnumerable<GrammarNode> Scalars(ValueSet set)
    {
        if (set.Null)
            yield return Literal("null");
        if (set.True)
            yield return Literal("true");
        if (set.False)
            yield return Literal("false");
        if (!set.Numbers.Plain.IsEmpty)
            yield return new GrammarNode.Regular(Written(set.Numbers));
        var languages = new List<ByteDfa>();
        foreach (StringShape shape in set.Strings)
        {
            if (!ReferenceEquals(shape.Language, Language.Any))
                languages.Add(shape.Language);
            else if (shape is { Min: 0, Max: null })
                yield return new GrammarNode.Regular(AnyString);
            else if (!(shape.Max < shape.Min))
                yield return Quoted(Repeat(new GrammarNode.Regular(JsonText.Character), shape.Min, shape.Max));
        }
        if (languages.Count > 0)
            yield return new GrammarNode.Regular(JsonText.Of(Language.Union(languages)));
    }

    private static GrammarNode Quoted(GrammarNode characters) => Sequence(Literal("\""), characters, Literal("\""));

    /// <summary>
    /// Numbers as they are written: whole ones without a fraction where only those are, sets of finitely many in their shortest
    /// spelling, all others in any.
    /// </summary>
    private static ByteDfa Written(NumberShape numbers)
    {
        if (numbers.Exponents)
            return Decimals.Json;
        if (Language.IsWithin(numbers.Plain, Decimals.Whole))
            return Language.Intersect(numbers.Plain, Decimals.WrittenWhole);
        ByteDfa shortest = Language.Intersect(numbers.Plain, Decimals.Shortest);
        return JsonText.IsFinite(shortest) ? shortest : numbers.Plain;
    }
}
