using System.Text.Json;

namespace Seriatim.Server;

/// <summary>The value of a field, and where it stands.</summary>
/// <param name="Json">The value.</param>
/// <param name="Path">Where it stands, as errors name it.</param>
/// <param name="Said">Learns which options the fields below it set; null: nobody asks.</param>
internal readonly record struct FieldValue(JsonElement Json, string Path, SaidFields? Said = null)
{
    public bool IsString => Json.ValueKind == JsonValueKind.String;

    public bool Boolean => Json.GetBoolean();

    public string Text => Json.ValueKind == JsonValueKind.String ? Json.GetString()! : throw Wrong("a text is needed");

    /// <summary>A whole number, which may be written 1.0.</summary>
    public int Integer => Json.TryGetInt32(out int whole) ? whole
        : Json.TryGetDouble(out double number) && number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (int)number
        : throw Wrong("a whole number of 32 bits is needed");

    public float Number => (float)Json.GetDouble() is var number && float.IsFinite(number) ? number
        : throw Wrong("a number within the range of 32-bit floats is needed");

    /// <summary>All 64 bits of a seed: negative numbers are the upper half.</summary>
    public ulong Seed => Json.TryGetUInt64(out ulong seed) ? seed : Json.TryGetInt64(out long signed) ? unchecked((ulong)signed)
        : throw Wrong("a whole number of 64 bits is needed");

    /// <summary>A text, or several in a list.</summary>
    public IReadOnlyList<string> Texts => Json.ValueKind == JsonValueKind.String ? [Json.GetString()!]
        : [.. Items().Select(item => item.Text)];

    /// <summary>Whole numbers in a list.</summary>
    public IReadOnlyList<int> Integers => [.. Items().Select(item => item.Json.ValueKind == JsonValueKind.Number
        ? item.Integer : throw item.Wrong("a whole number is needed"))];

    /// <summary>What a list holds.</summary>
    public IEnumerable<FieldValue> Items()
    {
        if (Json.ValueKind != JsonValueKind.Array)
            throw Wrong("a list is needed");
        int index = 0;
        foreach (JsonElement item in Json.EnumerateArray())
            yield return new FieldValue(item, $"{Path}[{index++}]", Said);
    }

    /// <summary>Reads an object by a table.</summary>
    public T Into<T>(FieldTable<T> table, T target)
        where T : class
    {
        table.Read(Json, target, Path, Said);
        return target;
    }

    /// <summary>The value cannot be used.</summary>
    public ApiException Wrong(string allowed) =>
        ApiException.Invalid($"{Path} is {Cut(Json.GetRawText())}; {allowed}.", Path, "invalid_value");

    /// <summary>The beginning of what a client wrote, as far as an error repeats it.</summary>
    public static string Cut(string text) => text.Length <= 60 ? text
        : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[56]) ? 56 : 57), "...");
}
