using System.Globalization;

namespace Seriatim.Tokenizers;

/// <summary>Typed access to the metadata of a GGUF file, with errors that name the key.</summary>
internal sealed class GgufMetadata(IReadOnlyDictionary<string, object> pairs)
{
    /// <summary>What errors call the source.</summary>
    public const string Source = "GGUF metadata";

    /// <summary>A string, or a default.</summary>
    public string Text(string key, string otherwise) => !pairs.TryGetValue(key, out object? value) ? otherwise
        : value as string ?? throw Error(key, $"is {value?.GetType().Name ?? "null"}, not a string");

    /// <summary>A truth value, or a default.</summary>
    public bool Flag(string key, bool otherwise) => !pairs.TryGetValue(key, out object? value) ? otherwise
        : value is bool flag ? flag : throw Error(key, $"is {value?.GetType().Name ?? "null"}, not a bool");

    /// <summary>A token id below <paramref name="size"/>; the default if the key is missing; null if there is none.</summary>
    public int? Id(string key, int size, int? otherwise = null)
    {
        if (!pairs.TryGetValue(key, out object? value))
        {
            return otherwise < size ? otherwise : null;
        }

        if (value is not (byte or sbyte or short or ushort or int or uint or long or ulong))
        {
            throw Error(key, $"is {value?.GetType().Name ?? "null"}, not an integer");
        }

        decimal id = Convert.ToDecimal(value, CultureInfo.InvariantCulture);

        // -1 and 2^32-1 are how converters write "none".
        if (id is -1 or uint.MaxValue)
        {
            return null;
        }

        return id >= 0 && id < size ? (int)id : throw Error(key, $"is {id}, but the vocabulary has {size} tokens");
    }

    /// <summary>An array of strings, or null.</summary>
    public string[]? Texts(string key) => Array<string>(key);

    /// <summary>An array of floats (integers are converted), or null.</summary>
    public float[]? Floats(string key) => pairs.GetValueOrDefault(key) switch
    {
        int[] integers => integers.Select(value => (float)value).ToArray(),
        double[] doubles => doubles.Select(value => (float)value).ToArray(),
        _ => Array<float>(key),
    };

    /// <summary>An array of integers, or null.</summary>
    public int[]? Integers(string key) => pairs.GetValueOrDefault(key) switch
    {
        uint[] unsigned => unsigned.Select(value => (int)Math.Min(value, int.MaxValue)).ToArray(),
        _ => Array<int>(key),
    };

    /// <summary>An array of bytes, or null.</summary>
    public byte[]? Bytes(string key)
    {
        // The CLR lets an sbyte[] stand as byte[] at run time, but a pattern match on object does not tell them apart safely.
        object? value = pairs.GetValueOrDefault(key);
        if (value is not null && value.GetType() == typeof(sbyte[]))
        {
            return System.Array.ConvertAll((sbyte[])value, item => unchecked((byte)item));
        }

        return Array<byte>(key);
    }

    /// <summary>Keys that begin with a prefix, with their string values.</summary>
    public IEnumerable<KeyValuePair<string, string>> TextsUnder(string prefix) =>
        pairs.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal) && pair.Value is string)
            .Select(pair => new KeyValuePair<string, string>(pair.Key[prefix.Length..], (string)pair.Value));

    /// <summary>The error for a key.</summary>
    public static TokenizerFormatException Error(string key, string problem) =>
        new(Source, key, $"{problem}; convert the model again with a current converter.");

    private T[]? Array<T>(string key) => !pairs.TryGetValue(key, out object? value) ? null
        : value as T[] ?? throw Error(key, $"is {value?.GetType().Name ?? "null"}, not {typeof(T).Name}[]");
}
