using System.Text.Json;

namespace Seriatim.Tokenizers;

/// <summary>A JSON value that knows the file and the path it came from, so that every error can name them.</summary>
internal readonly record struct SourceNode(JsonElement Element, string File, string Path)
{
    /// <summary>Whether there is a value that is not null.</summary>
    public bool Exists => Element.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    /// <summary>Whether it is an object.</summary>
    public bool IsObject => Element.ValueKind == JsonValueKind.Object;

    /// <summary>Whether it is a string.</summary>
    public bool IsString => Element.ValueKind == JsonValueKind.String;

    /// <summary>
    /// Parses a document; what it holds stays valid after the document is gone. A byte order mark in front is no part of it, and
    /// what Python writes for numbers that JSON does not have (<c>NaN</c>, <c>Infinity</c>) reads as the string of that name.
    /// </summary>
    public static SourceNode Parse(ReadOnlyMemory<byte> utf8, string file)
    {
        utf8 = LenientNumbers.Quote(utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8);
        try
        {
            using JsonDocument document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowTrailingCommas = true });
            var root = new SourceNode(document.RootElement.Clone(), file, "$");
            return root.IsObject ? root : throw root.Error("is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new TokenizerFormatException(file, "$", $"this is not valid JSON ({e.Message}); download the file again.", e);
        }
    }

    /// <summary>A member; undefined if there is none.</summary>
    public SourceNode this[string name] =>
        new(IsObject && Element.TryGetProperty(name, out JsonElement value) ? value : default, File, Path == "$" ? name
            : $"{Path}.{name}");

    /// <summary>The elements of an array.</summary>
    public IEnumerable<SourceNode> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
        {
            throw Error("must be an array");
        }

        int index = 0;
        foreach (JsonElement item in Element.EnumerateArray())
        {
            yield return new SourceNode(item, File, $"{Path}[{index++}]");
        }
    }

    /// <summary>The members of an object.</summary>
    public IEnumerable<KeyValuePair<string, SourceNode>> Members()
    {
        if (!IsObject)
        {
            throw Error("must be an object");
        }

        foreach (JsonProperty property in Element.EnumerateObject())
        {
            yield return new(Name(property), new SourceNode(property.Value, File, Path));
        }
    }

    /// <summary>The string; an error if it is none.</summary>
    public string Text() => IsString ? ReadString() : throw Error("must be a string");

    /// <summary>The string, or a default if there is no value.</summary>
    public string Text(string otherwise) => Exists ? Text() : otherwise;

    /// <summary>The truth value, or a default if there is no value.</summary>
    public bool Flag(bool otherwise) => Element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => Exists ? throw Error("must be true or false") : otherwise,
    };

    /// <summary>The integer; an error if it is none.</summary>
    public int Int() => Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int value)
        ? value : throw Error("must be an integer of at most 31 bits");

    /// <summary>The integer, or a default if there is no value.</summary>
    public int Int(int otherwise) => Exists ? Int() : otherwise;

    /// <summary>The number; an error if it is none.</summary>
    public double Number() => Element.ValueKind == JsonValueKind.Number && Element.TryGetDouble(out double value)
        && double.IsFinite(value) ? value : throw Error("must be a finite number");

    /// <summary>A string of exactly one char.</summary>
    public char Char(char otherwise) => !Exists ? otherwise
        : Text() is [var single] ? single : throw Error("must be a string of one character");

    /// <summary>The error for this value.</summary>
    public TokenizerFormatException Error(string problem, string? next = null) =>
        new(File, Path, $"{problem}; {next ?? "correct the file or download it again."}");

    /// <summary>The error for a component this library does not have.</summary>
    public TokenizerFormatException Unknown(string kind, string type) =>
        new(File, Path,
            $"the {kind} \"{type}\" is not supported; use a tokenizer without it, or report it so that it can be added.");

    private static string Name(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }

    private string ReadString()
    {
        try
        {
            return Element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Error("holds half a surrogate pair");
        }
    }
}
