using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// What an answer must look like: one of OpenAI's <c>response_format</c>, llama.cpp's <c>grammar</c> and <c>json_schema</c>,
/// vLLM's <c>structured_outputs</c> and its older <c>guided_*</c>. An answer follows one of them.
/// </summary>
internal static class GrammarFields
{
    private const string Schema = "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\"}}, \"required\": "
        + "[\"a\"]}";

    private static readonly FieldTable<GenerationSettings> SchemaTable = new("response_format.json_schema",
    [
        Note("name", JsonKinds.String, "\"answer\"", "Its name; no answer depends on it."),
        Note("description", JsonKinds.String, "\"What it is.\"", "What it is for; say it in a message if the model is to know "
            + "it."),
        Note("strict", JsonKinds.Boolean, "true", "A schema that is given is always enforced."),
        new()
        {
            Name = "schema",
            Kinds = JsonKinds.Object | JsonKinds.Boolean,
            IsRequired = true,
            Doc = "The JSON Schema. A keyword that cannot be enforced is refused by name.",
            Example = Schema,
            Read = (settings, value) => Set(settings, value, () => Grammar.JsonSchema(value.Json.GetRawText())),
        },
    ]);

    private static readonly FieldTable<GenerationSettings> FormatTable = new("response_format",
    [
        new()
        {
            Name = "type",
            Kinds = JsonKinds.String,
            IsRequired = true,
            OneOf = ["text", "json_object", "json_schema"],
            Doc = "`text`: anything; `json_object`: a JSON object; `json_schema`: what the schema says.",
            Example = "\"json_object\"",
            Read = (settings, value) =>
            {
                if (value.Text == "json_object")
                    Set(settings, value, () => Grammar.Json());
            },
        },
        new()
        {
            Name = "json_schema",
            Kinds = JsonKinds.Object,
            Doc = "The schema, of the type `json_schema`.",
            Example = $"{{\"name\": \"answer\", \"schema\": {Schema}}}",
            Inside = () => SchemaTable,
            Read = (settings, value) => value.Into(SchemaTable, settings),
        },
    ]);

    private static readonly FieldTable<GenerationSettings> StructuredTable = new("structured_outputs",
    [
        Json("json", "A JSON Schema, as an object or as text.", Schema),
        Regex("regex"),
        Choice("choice"),
        Gbnf("grammar", "A grammar (GBNF)."),
        new()
        {
            Name = "json_object",
            Kinds = JsonKinds.Boolean,
            Doc = "Any JSON object.",
            Example = "true",
            Read = (settings, value) =>
            {
                if (value.Boolean)
                    Set(settings, value, () => Grammar.Json());
            },
        },
        CommonFields.Refused<GenerationSettings>("structural_tag", JsonKinds.String | JsonKinds.Object, "\"x\"", [],
            "describe the whole answer by a grammar."),
    ]);

    /// <summary>The rows.</summary>
    public static IEnumerable<Field<GenerationSettings>> Rows { get; } =
    [
        new()
        {
            Name = "response_format",
            Kinds = JsonKinds.Object,
            Doc = "What form the answer has (OpenAI). Default: any.",
            Example = "{\"type\": \"json_object\"}",
            Inside = () => FormatTable,
            Read = ReadFormat,
        },
        new()
        {
            Name = "structured_outputs",
            Kinds = JsonKinds.Object,
            Doc = "What the answer must look like (vLLM): one of `json`, `regex`, `choice`, `grammar`, `json_object`.",
            Example = "{\"choice\": [\"yes\", \"no\"]}",
            Inside = () => StructuredTable,
            Read = (settings, value) => value.Into(StructuredTable, settings),
        },
        Json("guided_json", "A JSON Schema, as an object or as text (older vLLM).", Schema),
        Regex("guided_regex"),
        Choice("guided_choice"),
        Gbnf("guided_grammar", "A grammar (GBNF; older vLLM)."),
        Gbnf("grammar", "A grammar (GBNF, as in llama.cpp)."),
        Json("json_schema", "A JSON Schema (llama.cpp).", Schema),
    ];

    private static Field<GenerationSettings> Json(string name, string doc, string example) => new()
    {
        Name = name,
        Kinds = JsonKinds.Object | JsonKinds.String,
        Doc = doc,
        Example = example,
        Read = (settings, value) => Set(settings, value,
            () => Grammar.JsonSchema(value.IsString ? SchemaIn(value) : value.Json.GetRawText())),
    };

    private static string SchemaIn(FieldValue value) => JsonText.IsReadable(value.Text) ? value.Text
        : throw value.Wrong("it has half of a surrogate pair in it, which is no text");

    private static Field<GenerationSettings> Regex(string name) => new()
    {
        Name = name,
        Kinds = JsonKinds.String,
        Doc = "A regular expression that the whole answer matches.",
        Example = "\"[0-9]{3}\"",
        Read = (settings, value) => Set(settings, value, () => Grammar.Regex(value.Text)),
    };

    private static Field<GenerationSettings> Choice(string name) => new()
    {
        Name = name,
        Kinds = JsonKinds.Array,
        Doc = "The only answers there are.",
        Example = "[\"yes\", \"no\"]",
        Read = (settings, value) => Set(settings, value, () => Grammar.Choice([.. value.Items().Select(item => item.Text)])),
    };

    private static Field<GenerationSettings> Gbnf(string name, string doc) => new()
    {
        Name = name,
        Kinds = JsonKinds.String,
        Doc = doc,
        Example = "\"root ::= [a-c]+\"",
        Read = (settings, value) => Set(settings, value, () => Grammar.Gbnf(value.Text)),
    };

    private static Field<GenerationSettings> Note(string name, JsonKinds kinds, string example, string why) =>
        CommonFields.Without<GenerationSettings>(name, kinds, example, why);

    private static void ReadFormat(GenerationSettings settings, FieldValue value)
    {
        value.Into(FormatTable, settings);
        bool wants = value.Json.TryGetProperty("type", out JsonElement type) && type.GetString() == "json_schema";
        bool has = value.Json.TryGetProperty("json_schema", out JsonElement schema) && schema.ValueKind == JsonValueKind.Object;
        if (wants && !has)
        {
            throw ApiException.Invalid($"{value.Path}.json_schema is missing; the type json_schema needs it.",
                $"{value.Path}.json_schema", "missing_field");
        }

        if (has && !wants)
        {
            throw ApiException.Invalid($"{value.Path}.json_schema is for the type json_schema.", $"{value.Path}.json_schema",
                "invalid_value");
        }
    }

    /// <summary>Makes a grammar, or takes it from those that were made before, and refuses a second one.</summary>
    public static void Set(GenerationSettings settings, FieldValue value, Func<Grammar> make)
    {
        if (settings.GrammarField is { } other)
        {
            throw ApiException.Invalid($"{value.Path} and {other} contradict each other: an answer follows one of them.",
                value.Path, "invalid_value");
        }

        try
        {
            settings.Grammar = GrammarStore.Get(
                $"field {value.Path[(value.Path.LastIndexOf('.') + 1)..]}\n{value.Json.GetRawText()}", make);
            settings.GrammarField = value.Path;
        }
        catch (GrammarException failure)
        {
            throw ApiException.Invalid($"{value.Path} cannot be enforced. {failure.Message}", value.Path,
                failure.Keyword is null ? "invalid_grammar" : "unsupported_keyword");
        }
    }
}
