using System.Buffers;
using System.Text;
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

    /// <summary>JSON as bytes.</summary>
    public static byte[] BytesOf(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
            write(json);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>JSON as text.</summary>
    public static string TextOf(Action<Utf8JsonWriter> write) => Encoding.UTF8.GetString(BytesOf(write));

    /// <summary>
    /// JSON without a sign at which some reader of lines begins another: these stand in texts alone, where they may be escaped.
    /// </summary>
    public static string OneLine(string json) => json.AsSpan().IndexOfAny(Ends) < 0 ? json
        : string.Concat(json.Select(sign => Ends.Contains(sign) ? $"\\u{(int)sign:x4}" : $"{sign}"));

    /// <inheritdoc cref="OneLine(string)"/>
    public static ReadOnlySpan<byte> OneLine(ReadOnlySpan<byte> json) =>
        json.IndexOf("\u0085"u8) < 0 && json.IndexOf("\u2028"u8) < 0 && json.IndexOf("\u2029"u8) < 0 ? json
            : Encoding.UTF8.GetBytes(OneLine(Encoding.UTF8.GetString(json)));

    private const string Ends = "\u0085\u2028\u2029";
}
