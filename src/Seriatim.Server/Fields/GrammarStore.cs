using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>
/// Grammars that were asked for lately: who asks for the same again gets the same, with the masks that are known of it. Bounded
/// in number and in letters.
/// </summary>
internal static class GrammarStore
{
    private const int Most = 64, MostLetters = 1 << 22;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Grammar> Known = new(StringComparer.Ordinal);
    private static readonly Queue<string> Order = [];
    private static long _letters;

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
        lock (Gate)
        {
            if (Known.TryAdd(key, made))
            {
                Order.Enqueue(key);
                _letters += key.Length;
            }

            while (Order.Count > Most || (_letters > MostLetters && Order.Count > 1))
            {
                string oldest = Order.Dequeue();
                Known.Remove(oldest);
                _letters -= oldest.Length;
            }
        }

        return made;
    }
}
