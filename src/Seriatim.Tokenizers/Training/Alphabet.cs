using System.Runtime.InteropServices;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Chooses the characters that get pieces of their own.</summary>
internal static class Alphabet
{
    /// <summary>
    /// The most frequent characters that together cover a share of the text; ties by their chars. With a prefix, a character
    /// inside
    /// a word counts apart from the same character at its start.
    /// </summary>
    public static List<(string Character, long Count)> Covering(List<(string Word, long Count)> words, double coverage,
        string prefix = "")
    {
        var starts = new Dictionary<int, long>();
        var insides = new Dictionary<int, long>();
        long total = 0;
        foreach ((string word, long count) in words)
        {
            bool inside = false;
            foreach (Rune rune in word.EnumerateRunes())
            {
                CollectionsMarshal.GetValueRefOrAddDefault(inside && prefix.Length > 0 ? insides : starts, rune.Value,
                    out _) += count;
                total += count;
                inside = true;
            }
        }

        var all = starts.Select(pair => (Form: new Rune(pair.Key).ToString(), Count: pair.Value))
            .Concat(insides.Select(pair => (Form: prefix + new Rune(pair.Key), Count: pair.Value)));
        var kept = new List<(string, long)>();
        long covered = 0;
        foreach ((string form, long count) in all.OrderByDescending(item => item.Count).ThenBy(item => item.Form,
            StringComparer.Ordinal))
        {
            if (covered >= total * coverage)
            {
                break;
            }

            covered += count;
            kept.Add((form, count));
        }

        return kept;
    }
}
