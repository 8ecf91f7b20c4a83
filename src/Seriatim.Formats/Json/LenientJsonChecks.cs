using System.Text.Json;

namespace Seriatim.Formats;

/// <summary>What <see cref="JsonDocument"/> does not check, or does not give the place of.</summary>
internal static class LenientJsonChecks
{
    /// <summary>Refuses half a surrogate pair, on which <see cref="JsonElement.GetString"/> would throw later.</summary>
    public static void RequireUnicode(ReadOnlySpan<byte> text, JsonPosition position, string source)
    {
        var reader = new Utf8JsonReader(text);
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped)
                continue;
            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException cause)
            {
                var (line, column) = position.Of(reader.TokenStartIndex);
                throw new ModelFormatException(
                    source,
                    $"line {line}, column {column}: the string holds half a surrogate pair (\\ud800 to \\udfff alone).",
                    "Correct the file or download it again.",
                    cause);
            }
        }
    }

    /// <summary>Finds the first key that stands twice in one object, and throws; returns if the trouble is another.</summary>
    public static void ThrowIfDuplicate(ReadOnlySpan<byte> text, JsonPosition position, string source)
    {
        var open = new Stack<HashSet<string>>();
        var reader = new Utf8JsonReader(text);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartObject)
                {
                    open.Push(new HashSet<string>(StringComparer.Ordinal));
                }
                else if (reader.TokenType == JsonTokenType.EndObject)
                {
                    open.Pop();
                }
                else if (reader.TokenType == JsonTokenType.PropertyName && !open.Peek().Add(reader.GetString()!))
                {
                    var (line, column) = position.Of(reader.TokenStartIndex);
                    throw new ModelFormatException(
                        source,
                        $"line {line}, column {column}: the key {ModelFormatException.Quote(reader.GetString()!)} "
                        + "stands twice in one object.",
                        "Remove one of the two.");
                }
            }
        }
        catch (Exception cause) when (cause is JsonException or InvalidOperationException)
        {
            // Not well-formed at all: the caller has the place and the reason.
        }
    }
}
