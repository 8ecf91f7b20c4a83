using System.Globalization;
using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// Reads the metadata of a GGUF file as the Hugging Face config that says the same, so that one reader per architecture serves
/// both formats. Records the keys it was asked for: what is neither read nor waived by name makes <see cref="Complete"/> fail.
/// </summary>
/// <remarks>
/// Numbers are binary32 in the file; the config gets their shortest decimal form, which reads back as the same binary32.
/// </remarks>
internal sealed class GgufConfig(IGgufHeader header, string architecture)
{
    /// <summary>
    /// Prefixes of keys that others read: "general" describes the file (its alignment is the container's, its type is only a
    /// label), "tokenizer" belongs to the tokenizer, "split" to the container.
    /// </summary>
    private static readonly string[] Elsewhere = ["general.", "tokenizer.", "split."];

    /// <summary>As many as configs may ask for.</summary>
    private const int MostLayers = 4096;

    private readonly HashSet<string> _seen = [];

    /// <summary>The header.</summary>
    public IGgufHeader Header { get; } = header;

    /// <summary>
    /// Keys that no reader of the architecture looks at, because they begin with another name: notes of whoever made the file.
    /// </summary>
    public IReadOnlyList<string> Ignored { get; } = [.. header.Metadata.Keys.Where(key =>
        !key.StartsWith(architecture + ".", StringComparison.Ordinal)
            && !Array.Exists(Elsewhere, own => key.StartsWith(own, StringComparison.Ordinal)))];

    /// <summary>The config so far.</summary>
    public JsonObject Json { get; } = [];

    /// <summary>Whether the file has the tensor.</summary>
    public bool Has(string tensor) => Header.ShapeOf(tensor) is not null;

    /// <summary>A non-negative integer below 2^31, or null.</summary>
    public int? Size(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value is Array { Length: > 0 } array && array.Cast<object>().Distinct().Count() == 1)
            value = array.GetValue(0)!; // a value for each layer, all alike
        bool integer = value is byte or sbyte or short or ushort or int or uint or long or ulong;
        return integer && Convert.ToDecimal(value, CultureInfo.InvariantCulture) is >= 0 and <= int.MaxValue and var number
            ? (int)number
            : throw Unsupported(name, value, "an integer from 0 to 2^31 - 1 is needed");
    }

    /// <summary>An integer for each layer: an array, or one number for all.</summary>
    public int[] Sizes(string name, int layers)
    {
        object value = Find(name) ?? throw Missing(name);
        if (layers > MostLayers)
            throw Unsupported("block_count", layers, $"at most {MostLayers} layers are supported");
        if (value is not Array array)
            return [.. Enumerable.Repeat(Required(name), layers)];
        if (array.Length != layers)
            throw Unsupported(name, value, $"a number for each of the {layers} layers is needed");
        return [.. array.Cast<object>().Select(item =>
            item is byte or sbyte or short or ushort or int or uint or long or ulong
                && Convert.ToDecimal(item, CultureInfo.InvariantCulture) is >= 0 and <= int.MaxValue and var number
                ? (int)number
                : throw Unsupported(name, item, "integers from 0 to 2^31 - 1 are needed"))];
    }

    /// <summary>A truth value for each layer.</summary>
    public bool[] Flags(string name, int layers)
    {
        object value = Find(name) ?? throw Missing(name);
        return value is bool[] flags && flags.Length == layers
            ? flags
            : throw Unsupported(name, value, $"a bool for each of the {layers} layers is needed");
    }

    /// <summary>A finite number, or null.</summary>
    public double? Number(string name) => Find(name) switch
    {
        null => null,
        float single when float.IsFinite(single) =>
            double.Parse(single.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture),
        double number when double.IsFinite(number) => number,
        byte or short or ushort or int or uint => Size(name),
        var value => throw Unsupported(name, value, "a finite number is needed"),
    };

    /// <summary>True or false, or null.</summary>
    public bool? Flag(string name) => Find(name) switch
    {
        null => null,
        bool flag => flag,
        var value => throw Unsupported(name, value, "a bool is needed"),
    };

    /// <summary>A string, or null.</summary>
    public string? Text(string name) => Find(name) switch
    {
        null => null,
        string text => text,
        var value => throw Unsupported(name, value, "a string is needed"),
    };

    /// <summary>An array of strings, or null.</summary>
    public string[]? Texts(string name) => Find(name) switch
    {
        null => null,
        string[] texts => texts,
        var value => throw Unsupported(name, value, "an array of strings is needed"),
    };

    /// <summary>The rows of a matrix of the file, or null if it has no such tensor.</summary>
    public int? RowsOf(string tensor) =>
        Header.ShapeOf(tensor) is [var rows, _] ? checked((int)rows) : null;

    /// <summary>The size, which must be there.</summary>
    public int Required(string name) => Size(name) ?? throw Missing(name);

    /// <summary>Copies every key of a table into the config.</summary>
    public void Copy(IEnumerable<GgufKey> keys)
    {
        foreach (GgufKey key in keys.Where(k => k.Kind != GgufKind.Window))
        {
            JsonNode? value = key.Kind switch
            {
                GgufKind.Size => Size(key.Name),
                GgufKind.Number => Number(key.Name),
                _ => Flag(key.Name),
            };
            if (value is not null)
                Json[key.ConfigKey] = value;
            else if (key.Required)
                throw Missing(key.Name);
        }
    }

    /// <summary>Reads the token ids of the vocabulary, its size, and whether the head is tied.</summary>
    public void CopyCommon()
    {
        if (!Json.ContainsKey("vocab_size"))
        {
            int? tokens = (Header.Metadata.GetValueOrDefault("tokenizer.ggml.tokens") as Array)?.Length;
            Json["vocab_size"] = tokens
                ?? RowsOf("token_embd.weight")
                ?? throw Missing("vocab_size");
        }

        Json["tie_word_embeddings"] = !Has("output.weight");
        CopyId("bos_token_id", "bos_token_id");
        CopyId("padding_token_id", "pad_token_id");
        int?[] ends = [TokenId("eos_token_id"), TokenId("eot_token_id"), TokenId("eom_token_id")];
        int[] distinct = [.. ends.OfType<int>().Distinct()];
        if (distinct.Length > 0)
            Json["eos_token_id"] = distinct.Length == 1 ? distinct[0] : new JsonArray([.. distinct.Select(id => (JsonNode)id)]);
    }

    /// <summary>Reads the width of the window; 0 in a file stands for none.</summary>
    /// <param name="otherwise">What readers take if the key is missing; null: no window.</param>
    public void CopyWindow(int? otherwise = null)
    {
        if ((Size("attention.sliding_window") ?? otherwise) is > 0 and var window)
            Json["sliding_window"] = window;
    }

    /// <summary>Refuses a file in which a size is not the one that follows from the others.</summary>
    public void Only(string name, int needed, string why)
    {
        if (Size(name) is { } value && value != needed)
            throw Unsupported(name, value, $"only {needed}, {why}, is supported");
    }

    /// <summary>Lets keys stand without being applied.</summary>
    /// <param name="reason">Why that changes no result; for the reader of the code.</param>
    /// <param name="names">The keys, without the prefix.</param>
    public void Waive(string reason, params ReadOnlySpan<string> names)
    {
        ArgumentException.ThrowIfNullOrEmpty(reason);
        foreach (string name in names)
            _seen.Add(Full(name));
    }

    /// <summary>Checks that no key is left.</summary>
    /// <exception cref="UnsupportedConfigException">Keys were neither read nor waived; the message lists all of them.</exception>
    public void Complete()
    {
        List<string> left = [];
        foreach ((string key, object value) in Header.Metadata)
        {
            if (_seen.Contains(key) || !key.StartsWith(architecture + ".", StringComparison.Ordinal))
                continue;
            GgufNeutral? neutral = GgufNeutral.Find(key[(architecture.Length + 1)..]);
            if (neutral is null)
                left.Add($"{key} ({Show(value)})");
            else if (!neutral.Holds(value, Header.Metadata, architecture))
                left.Add($"{key} ({Show(value)}; only {neutral.Needed} is supported)");
        }

        if (left.Count > 0)
        {
            throw new UnsupportedConfigException(Header.Path, left,
                $"unknown keys: {string.Join(", ", left)}. A model whose metadata is not fully honoured is not loaded.");
        }
    }

    /// <summary>Refuses a value.</summary>
    public UnsupportedConfigException Unsupported(string name, object value, string problem) =>
        new(Header.Path, [Full(name)], $"{Full(name)} is {Show(value)}; {problem}.");

    private static string Show(object value) => value switch
    {
        Array array => $"an array of {array.Length}",
        bool flag => flag ? "true" : "false",
        string text => $"\"{(text.Length > 60 ? text[..60] + "..." : text)}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private UnsupportedConfigException Missing(string name) => new(Header.Path, [Full(name)],
        $"{Full(name)} is missing; a {architecture} model needs it. Convert the model again with a current converter.");

    private object? Find(string name)
    {
        _seen.Add(Full(name));
        return Header.Metadata.GetValueOrDefault(Full(name));
    }

    private void CopyId(string name, string configKey)
    {
        if (TokenId(name) is { } id)
            Json[configKey] = id;
    }

    /// <summary>An id of the vocabulary; -1 and 2^32 - 1 stand for none.</summary>
    private int? TokenId(string name) => Header.Metadata.GetValueOrDefault("tokenizer.ggml." + name) switch
    {
        uint and <= int.MaxValue and var id => (int)id,
        int and >= 0 and var id => id,
        _ => null,
    };

    private string Full(string name) => $"{architecture}.{name}";
}
