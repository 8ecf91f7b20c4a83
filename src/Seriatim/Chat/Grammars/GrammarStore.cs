using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Grammars of answers that were made lately: who asks for the same again gets the same, with the masks that are known of it.
/// Bounded in number and in letters; what was asked for longest ago goes first.
/// </summary>
internal static class GrammarStore
{
    private const int Most = 64, MostLetters = 1 << 22;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, LinkedListNode<(string Key, Grammar Grammar)>> Known = new(StringComparer.Ordinal);
    private static readonly LinkedList<(string Key, Grammar Grammar)> Order = [];
    private static long _letters;

    /// <summary>The grammar of a key, which tells all that it is made of.</summary>
    /// <param name="key">The key.</param>
    /// <param name="make">Makes it; what it throws is not kept.</param>
    public static Grammar Get(string key, Func<Grammar> make) => Find(key) ?? Keep(key, make());

    private static Grammar? Find(string key)
    {
        lock (Gate)
        {
            if (!Known.TryGetValue(key, out LinkedListNode<(string Key, Grammar Grammar)>? known))
                return null;
            Order.Remove(known);
            Order.AddLast(known);
            return known.Value.Grammar;
        }
    }

    private static Grammar Keep(string key, Grammar made)
    {
        lock (Gate)
        {
            // Another request may have made it meanwhile.
            if (Known.TryGetValue(key, out LinkedListNode<(string Key, Grammar Grammar)>? known))
                return known.Value.Grammar;
            Known.Add(key, Order.AddLast((key, made)));
            _letters += key.Length;
            while (Order.Count > Most || (_letters > MostLetters && Order.Count > 1))
            {
                string oldest = Order.First!.Value.Key;
                Order.RemoveFirst();
                Known.Remove(oldest);
                _letters -= oldest.Length;
            }

            return made;
        }
    }
}
