using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Generation;

/// <summary>Lists of texts as sources of grammars.</summary>
[JsonSerializable(typeof(string[]))]
internal sealed partial class GrammarJson : JsonSerializerContext;

/// <summary>A grammar as it is saved: its kind and what it was made of.</summary>
internal sealed class GrammarConverter : JsonConverter<Grammar>
{
    public override Grammar Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        string[] parts = JsonSerializer.Deserialize(ref reader, GrammarJson.Default.StringArray) ?? [];
        if (parts is not [{ } kind, { } source])
            throw new JsonException($"A grammar is a list of its kind and its source; {parts.Length} texts were found.");
        try
        {
            return Grammar.From(kind, source);
        }
        catch (GrammarException exception)
        {
            throw new JsonException(exception.Message, exception);
        }
    }

    public override void Write(Utf8JsonWriter writer, Grammar value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, [value.Kind, value.Source], GrammarJson.Default.StringArray);
}
