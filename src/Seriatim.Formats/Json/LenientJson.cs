using System.Text.Json;
using System.Text.Unicode;

namespace Seriatim.Formats;

/// <summary>
/// Reads the JSON files that lie beside models. Python writes the bare tokens <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>,
/// which JSON does not have; here they become the strings of the same spelling (the convention of
/// <c>JsonNumberHandling.AllowNamedFloatingPointLiterals</c>), and <see cref="TryGetDouble"/> reads them back. Everything else
/// is strict: no comments, no trailing commas, no duplicate keys.
/// </summary>
public static class LenientJson
{
    /// <summary>Files over this size are refused, bytes.</summary>
    public const long LongestFile = 1L << 30;

    private const string FloatTag = "__float__";

    private static readonly byte[][] BareTokens = ["-Infinity"u8.ToArray(), "Infinity"u8.ToArray(), "NaN"u8.ToArray()];

    /// <summary>Reads a file.</summary>
    /// <exception cref="ModelFormatException">
    /// The file is missing, unreadable, over <see cref="LongestFile"/>, not JSON, not Unicode, or names a key twice in one
    /// object; the message has line and column (both from 1, columns in characters).
    /// </exception>
    public static JsonDocument Parse(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Parse(ReadFile(path), path);
    }

    /// <summary>Reads JSON in memory.</summary>
    /// <param name="utf8">The text. The document refers to it, so it must not change while the document is in use.</param>
    /// <param name="source">What messages call it: a path, or a name.</param>
    /// <exception cref="ModelFormatException">As for <see cref="Parse(string)"/>.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8, string source)
    {
        utf8 = WithoutMark(utf8);
        if (!Utf8.IsValid(utf8.Span))
            throw new ModelFormatException(source, "is not UTF-8 text.", "Save the file as UTF-8.");
        var (text, insertions) = QuoteBareTokens(utf8);
        var position = new JsonPosition(utf8, insertions);
        try
        {
            // The parser compares keys, for which they must be Unicode.
            if (text.Span.IndexOf("\\u"u8) >= 0)
                LenientJsonChecks.RequireUnicode(text.Span, position, source);
            return JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException cause)
        {
            LenientJsonChecks.ThrowIfDuplicate(text.Span, position, source);
            throw new ModelFormatException(
                source,
                $"is not JSON: line {cause.LineNumber + 1}, "
                + $"column {position.Column(cause.LineNumber ?? 0, cause.BytePositionInLine ?? 0)}: {Reason(cause)}",
                "Correct the file or download it again.",
                cause);
        }
    }

    /// <summary>The text without the byte order mark that some editors put before it.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> utf8) =>
        utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;

    /// <summary>Reads a number, or one of the three named values that <see cref="Parse(string)"/> let pass.</summary>
    /// <returns>False for anything else.</returns>
    public static bool TryGetDouble(JsonElement element, out double value)
    {
        value = 0;
        if (element.ValueKind == JsonValueKind.Number)
            return element.TryGetDouble(out value);

        // The reference library of 2026 writes {"__float__": "Infinity"}, which is JSON.
        if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(FloatTag, out JsonElement tagged)
            && element.EnumerateObject().Count() == 1)
        {
            element = tagged;
        }

        if (element.ValueKind != JsonValueKind.String)
            return false;
        if (element.ValueEquals("NaN"u8))
            value = double.NaN;
        else if (element.ValueEquals("Infinity"u8))
            value = double.PositiveInfinity;
        else if (element.ValueEquals("-Infinity"u8))
            value = double.NegativeInfinity;
        else
            return false;
        return true;
    }

    private static byte[] ReadFile(string path)
    {
        if (Directory.Exists(path))
            throw new ModelFormatException(path, "is a folder, not a JSON file.", "Give the path of the file itself.");
        try
        {
            var length = new FileInfo(path).Length;
            if (length > LongestFile)
                throw new ModelFormatException(path, $"has {length} bytes; at most {LongestFile} are read.", "Check the path.");
            var bytes = File.ReadAllBytes(path);
            GitLfsPointer.ThrowIfPointer(path, bytes);
            return bytes;
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException(path, "no such file.", "Check the path.", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(path, $"cannot be read: {cause.Message}", "Check the permissions.", cause);
        }
    }

    /// <summary>Puts quotes around bare tokens in value position. Returns where, as offsets into the original text.</summary>
    private static (ReadOnlyMemory<byte> Text, List<int> Insertions) QuoteBareTokens(ReadOnlyMemory<byte> utf8)
    {
        var insertions = new List<int>();
        var source = utf8.Span;
        for (var i = 0; i < source.Length; i++)
        {
            if (source[i] == (byte)'"')
            {
                i = EndOfString(source, i);
            }
            else if (source[i] is (byte)'N' or (byte)'I' or (byte)'-' && BareTokenAt(source, i) is var length and > 0)
            {
                insertions.Add(i);
                insertions.Add(i + length);
                i += length - 1;
            }
        }
        if (insertions.Count == 0)
            return (utf8, insertions);
        var quoted = new byte[source.Length + insertions.Count];
        var from = 0;
        for (var k = 0; k <= insertions.Count; k++)
        {
            var to = k < insertions.Count ? insertions[k] : source.Length;
            source[from..to].CopyTo(quoted.AsSpan(from + k));
            if (k < insertions.Count)
                quoted[to + k] = (byte)'"';
            from = to;
        }
        return (quoted, insertions);
    }

    /// <summary>Index of the closing quote of the string that opens at <paramref name="open"/>, or of the last byte.</summary>
    private static int EndOfString(ReadOnlySpan<byte> source, int open)
    {
        for (var i = open + 1; i < source.Length; i++)
        {
            if (source[i] == (byte)'\\')
                i++;
            else if (source[i] == (byte)'"')
                return i;
        }
        return source.Length;
    }

    private static int BareTokenAt(ReadOnlySpan<byte> source, int start)
    {
        foreach (var token in BareTokens)
        {
            if (!source[start..].StartsWith(token))
                continue;
            // Before a colon it would be a key, and keys need their own quotes.
            var rest = source[(start + token.Length)..].TrimStart(" \t\r\n"u8);
            return rest.StartsWith(":"u8) ? 0 : token.Length;
        }
        return 0;
    }

    // The library appends its own position, which does not know of the quotes put in.
    private static string Reason(JsonException cause)
    {
        var end = cause.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        var reason = end < 0 ? cause.Message : cause.Message[..end];
        return reason.Replace('\n', ' ');
    }
}
