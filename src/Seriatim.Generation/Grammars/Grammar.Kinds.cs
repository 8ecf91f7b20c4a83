using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Seriatim.Generation;

/// <content>Where grammars come from.</content>
public sealed partial class Grammar
{
    /// <summary>
    /// Adds the kinds of the library above, if it is there: a saved request may be read before anything of it has run.
    /// </summary>
    private const string KindsAbove = "Seriatim.AnswerKinds, Seriatim";

    /// <summary>How each kind is made of its source: one row for each.</summary>
    private static readonly ConcurrentDictionary<string, Func<string, Grammar>> Kinds = new()
    {
        ["gbnf"] = Gbnf,
        ["choice"] = source => Choice(ReadChoices(source)),
        ["regex"] = Regex,
        ["json_schema"] = FromJsonSchemaSource,
        ["json_object"] = source => Json(false, ReadSpacing(source)),
        ["json_value"] = source => Json(true, ReadSpacing(source)),
    };

    /// <summary>Reads a grammar of llama.cpp: rules <c>name ::= ...</c>, of which <c>root</c> is the start.</summary>
    /// <param name="source">The rules.</param>
    /// <exception cref="GrammarException">
    /// It cannot be read (line and column are told), a rule is undefined or left-recursive, or no text belongs to it.
    /// </exception>
    public static Grammar Gbnf(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var reader = new GbnfReader(source);
        GrammarRules rules = reader.Read();
        return new Grammar("gbnf", source, rules, rule => reader.PlaceOf(rules.NameOf(rule)));
    }

    /// <summary>One of a list of texts.</summary>
    /// <param name="texts">The texts, one or more; equal ones count once.</param>
    /// <exception cref="GrammarException">There is none, or one is no text.</exception>
    public static Grammar Choice(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (texts.Count == 0)
            throw new GrammarException("Choices", "", "there are none; one text or more is needed");
        var alternatives = ImmutableArray.CreateBuilder<GrammarNode>(texts.Count);
        for (int i = 0; i < texts.Count; i++)
            alternatives.Add(new GrammarNode.Literal(BytesOf(texts[i], i)));
        var rules = new GrammarRules();
        rules.Define(rules.Declare("root"), new GrammarNode.Choice(alternatives.DrainToImmutable()));
        string source = JsonSerializer.Serialize([.. texts], GrammarJson.Default.StringArray);
        return new Grammar("choice", source, rules);
    }

    /// <summary>Makes a grammar again, as saved requests do.</summary>
    /// <param name="kind">Its <see cref="Kind"/>.</param>
    /// <param name="source">Its <see cref="Source"/>.</param>
    /// <exception cref="GrammarException">There is no such kind, or the source cannot be read.</exception>
    public static Grammar From(string kind, string source)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(source);
        if (!Kinds.ContainsKey(kind) && Type.GetType(KindsAbove) is { } above)
            RuntimeHelpers.RunClassConstructor(above.TypeHandle);
        if (!Kinds.TryGetValue(kind, out Func<string, Grammar>? make))
        {
            throw new GrammarException("Grammar", "", $"there is no kind '{kind}'; those that there are: "
                + $"{string.Join(", ", Kinds.Keys.Order(StringComparer.Ordinal))}");
        }

        try
        {
            return make(source);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException
            or ArgumentException)
        {
            throw new GrammarException("Grammar", "", $"this is no source of the kind '{kind}' ({exception.Message}); give "
                + "what Source says");
        }
    }

    /// <summary>Adds a kind that a library above makes of its sources.</summary>
    /// <param name="kind">Its name.</param>
    /// <param name="make">Makes a grammar of a source.</param>
    internal static void AddKind(string kind, Func<string, Grammar> make) => Kinds[kind] = make;

    private static byte[] BytesOf(string text, int index)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text ?? throw NoText(index));
        }
        catch (EncoderFallbackException)
        {
            throw NoText(index);
        }
    }

    private static GrammarException NoText(int index) =>
        new("Choices", $"{index}", "it is null, or has half of a surrogate pair; a text is needed");

    private static JsonSpacing ReadSpacing(string source) => Enum.TryParse(source, out JsonSpacing spacing)
        && Enum.IsDefined(spacing) ? spacing
        : throw new GrammarException("JSON", "", $"'{source}' is no spacing; there are "
            + string.Join(", ", Enum.GetNames<JsonSpacing>()));

    private static string[] ReadChoices(string source)
    {
        try
        {
            return JsonSerializer.Deserialize(source, GrammarJson.Default.StringArray) ?? [];
        }
        catch (JsonException exception)
        {
            throw new GrammarException("Choices", "", $"not a JSON list of texts ({exception.Message})");
        }
    }
}
