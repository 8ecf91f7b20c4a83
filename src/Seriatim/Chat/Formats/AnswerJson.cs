using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim;

/// <summary>JSON of arguments that a model wrote in another notation.</summary>
[JsonSerializable(typeof(string))]
internal sealed partial class AnswerJson : JsonSerializerContext
{
    /// <summary>Letters as they are: models and people read it.</summary>
    public static AnswerJson Relaxed { get; } =
        new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>A string with its quotes.</summary>
    public static string Text(string text) => JsonSerializer.Serialize(text, Relaxed.String);

    /// <summary>A string without its quotes.</summary>
    public static string Inner(string text) => Text(text)[1..^1];
}
