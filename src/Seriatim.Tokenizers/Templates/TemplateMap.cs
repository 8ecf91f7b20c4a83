using System.Numerics;

namespace Seriatim.Tokenizers;

/// <summary>
/// A dictionary that keeps its order. Keys are what Python can hash: strings, numbers, truth values, none, tuples of these.
/// </summary>
internal sealed class TemplateMap
{
    private const int MaxNodes = 256;

    private readonly OrderedDictionary<Key, object?> _items = [];

    /// <summary>Number of entries.</summary>
    public int Count => _items.Count;

    /// <summary>The keys.</summary>
    public IEnumerable<object?> Keys => _items.Keys.Select(key => key.Value);

    /// <summary>The entries.</summary>
    public IEnumerable<KeyValuePair<object?, object?>> Items =>
        _items.Select(item => new KeyValuePair<object?, object?>(item.Key.Value, item.Value));

    /// <summary>Finds a value.</summary>
    public bool TryGet(object? key, out object? value) => _items.TryGetValue(new Key(key), out value);

    /// <summary>Sets a value; a key that is there keeps its place.</summary>
    public void Set(object? key, object? value) => _items[new Key(key)] = value;

    /// <summary>Whether a value can be a key; tuples may hold each other so often that nobody can walk through them.</summary>
    public static bool IsKey(object? value)
    {
        int nodes = 0;
        return IsKey(value, ref nodes);
    }

    private static bool IsKey(object? value, ref int nodes)
    {
        if (value is null or bool or long or BigInteger or double or string or TemplateMarkup or Undefined)
            return true;
        if (value is not TemplateTuple tuple)
            return false;
        foreach (object? item in tuple.Items)
        {
            if (++nodes > MaxNodes || !IsKey(item, ref nodes))
                return false;
        }

        return true;
    }

    /// <summary>Equality of keys: 1, 1.0 and true are one key.</summary>
    private readonly struct Key(object? value) : IEquatable<Key>
    {
        public object? Value => value;

        public bool Equals(Key other) => (value, other.Value) switch
        {
            (string a, string b) => a == b,
            (TemplateTuple a, TemplateTuple b) => a.Items.Count == b.Items.Count
                && a.Items.Zip(b.Items).All(pair => new Key(pair.First).Equals(new Key(pair.Second))),
            (TemplateTuple, _) or (_, TemplateTuple) => false,
            _ => Normal(value)?.Equals(Normal(other.Value)) ?? other.Value is null,
        };

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => value is TemplateTuple tuple
            ? tuple.Items.Aggregate(17, (hash, item) => (hash * 31) + new Key(item).GetHashCode())
            : Normal(value)?.GetHashCode() ?? 0;

        private static object? Normal(object? value) => value switch
        {
            bool flag => flag ? 1L : 0L,
            double number when Math.Abs(number) < 9e18 && number == Math.Floor(number) => (long)number,
            double number when double.IsFinite(number) && number == Math.Floor(number) => new BigInteger(number),
            _ => value,
        };
    }
}
