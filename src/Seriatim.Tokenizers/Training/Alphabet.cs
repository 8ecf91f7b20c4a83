using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Chooses the characters that get pieces of their own.</summary>
internal static class Alphabet
{
    /// <summary>The most frequent characters that together cover a share of the text; ties by code point.</summary>
    public static List<(string Character, long Count)> Covering(List<(string Word, long Count)> words, double coverage)
    {
        var counts = new Dictionary<int, long>();
        long total = 0;
        foreach ((string word, long count) in words)
        {
            foreach (Rune rune in word.EnumerateRunes())
            {
                counts[rune.Value] = counts.GetValueOrDefault(rune.Value) + count;
                total += count;
            }
        }

        var kept = new List<(string, long)>();
        long covered = 0;
        foreach ((int c, long count) in counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key))
        {
            if (covered >= total * coverage)
            {
                break;
            }

            covered += count;
            kept.Add((new Rune(c).ToString(), count));
        }

        return kept;
    }
}
