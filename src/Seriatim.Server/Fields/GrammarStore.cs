using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// Grammars that were asked for lately: who asks for the same again gets the same, with the masks that are known of it. Bounded
/// in number and in bytes; their masks have a bound of their own, for all grammars of a model (GrammarVocabulary).
/// </summary>
internal static class GrammarStore
{
    private const int Most = 64, MostBytes = 64 << 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Grammar> Known = new(StringComparer.Ordinal);
    private static readonly Queue<(string Key, long Size)> Order = [];
    private static long _bytes;

    /// <summary>The grammar of a field's value.</summary>
    public static Grammar Get(FieldValue value, Func<Grammar> make)
    {
        string key = $"{value.Path[(value.Path.LastIndexOf('.') + 1)..]}\n{value.Json.GetRawText()}";
        lock (Gate)
        {
            if (Known.TryGetValue(key, out Grammar? known))
                return known;
        }

        Grammar made = make();
        long size = made.Size + 2L * key.Length;
        lock (Gate)
        {
            if (Known.TryAdd(key, made))
            {
                Order.Enqueue((key, size));
                _bytes += size;
            }

            while (Order.Count > Most || (_bytes > MostBytes && Order.Count > 1))
            {
                (string oldest, long bytes) = Order.Dequeue();
                Known.Remove(oldest);
                _bytes -= bytes;
            }
        }

        return made;
    }
}
