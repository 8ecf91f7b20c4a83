using Seriatim.Generation;

namespace Seriatim;

/// <summary>
/// Grammars of answers that were made lately: who asks for the same again gets the same, with the masks that are known of it.
/// Bounded in number and in bytes; what was asked for longest ago goes first. Their masks have a bound of their own, for all
/// grammars of a model (GrammarVocabulary).
/// </summary>
internal static class GrammarStore
{
    private const int Most = 64, MostBytes = 64 << 20;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, LinkedListNode<(string Key, Grammar Grammar)>> Known = new(StringComparer.Ordinal);
    private static readonly LinkedList<(string Key, Grammar Grammar)> Order = [];
    private static long _bytes;

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
            _bytes += SizeOf((key, made));
            while (Order.Count > Most || (_bytes > MostBytes && Order.Count > 1))
            {
                (string Key, Grammar Grammar) oldest = Order.First!.Value;
                Order.RemoveFirst();
                Known.Remove(oldest.Key);
                _bytes -= SizeOf(oldest);
            }

            return made;
        }
    }

    private static long SizeOf((string Key, Grammar Grammar) kept) => kept.Grammar.Size + 2L * kept.Key.Length;
}
