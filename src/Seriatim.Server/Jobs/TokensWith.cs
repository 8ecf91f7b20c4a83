using System.Runtime.CompilerServices;
using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>The tokens of a vocabulary that have one of some texts in them; found once for each tokenizer and list.</summary>
internal static class TokensWith
{
    /// <summary>What llama.cpp breaks repetitions at.</summary>
    private static readonly string[] Usual = ["\n", ":", "\"", "*"];

    private static readonly ConditionalWeakTable<Tokenizer, int[]> UsualIds = [];

    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="texts">The texts; null: those of llama.cpp.</param>
    public static int[] Of(Tokenizer tokenizer, IReadOnlyList<string>? texts) =>
        texts is null ? UsualIds.GetValue(tokenizer, key => Find(key, Usual)) : texts.Count == 0 ? [] : Find(tokenizer, texts);

    private static int[] Find(Tokenizer tokenizer, IReadOnlyList<string> texts)
    {
        byte[][] wanted = [.. texts.Select(Encoding.UTF8.GetBytes)];
        var ids = new List<int>();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.TryGetBytes(id, out byte[]? bytes) && Array.Exists(wanted, text => bytes.AsSpan().IndexOf(text) >= 0))
                ids.Add(id);
        }

        return [.. ids];
    }
}
