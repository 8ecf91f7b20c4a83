using System.Text.Encodings.Web;
using System.Text.Json;

namespace Seriatim.Server;

/// <summary>How answers are written.</summary>
internal static class JsonOutput
{
    /// <summary>
    /// Letters of all languages as they are; it is no HTML. What is written is checked by tests, not at run time.
    /// </summary>
    public static JsonWriterOptions Options { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
}
