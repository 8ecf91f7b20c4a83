namespace Seriatim.Training;

/// <summary>
/// Corpus chrF (Popović, 2015) by the definitions of sacreBLEU: characters without white space, n-grams up to 6, beta 2, orders
/// that occur on both sides averaged, of several references the one with the best score of the segment.
/// </summary>
public static class Chrf
{
    private const int Orders = 6;
    private const double BetaSquared = 4;

    /// <summary>Scores a corpus: 0 to 100.</summary>
    /// <param name="hypotheses">Output, one a segment.</param>
    /// <param name="references">References of each segment, at least one each.</param>
    /// <exception cref="ArgumentException">The numbers of segments differ, there are none, or one has no reference.</exception>
    public static double Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references)
    {
        Segments.Check(hypotheses, references);
        var total = new long[Orders, 3];
        for (int i = 0; i < hypotheses.Count; i++)
        {
            long[,]? best = null;
            double bestScore = -1;
            foreach (string reference in references[i])
            {
                long[,] counts = Count(Characters(hypotheses[i]), Characters(reference));
                if (Score(counts) is var score && score > bestScore)
                    (best, bestScore) = (counts, score);
            }

            for (int order = 0; order < Orders; order++)
            {
                for (int kind = 0; kind < 3; kind++)
                    total[order, kind] += best![order, kind];
            }
        }

        return Score(total);
    }

    private static string[] Characters(string text) =>
        [.. text.EnumerateRunes().Where(r => !System.Text.Rune.IsWhiteSpace(r)).Select(r => r.ToString())];

    /// <summary>For each order: n-grams of the output, of the reference, and of both.</summary>
    private static long[,] Count(string[] hypothesis, string[] reference)
    {
        var counts = new long[Orders, 3];
        for (int order = 1; order <= Orders; order++)
        {
            Dictionary<string, int> ours = Segments.Grams(hypothesis, order, ""), theirs = Segments.Grams(reference, order, "");
            long theirTotal = theirs.Values.Sum();
            // An output counts only for orders that the reference has too.
            counts[order - 1, 0] = theirTotal > 0 ? ours.Values.Sum() : 0;
            counts[order - 1, 1] = theirTotal;
            counts[order - 1, 2] = ours.Sum(g => (long)Math.Min(g.Value, theirs.GetValueOrDefault(g.Key)));
        }

        return counts;
    }

    private static double Score(long[,] counts)
    {
        double precision = 0, recall = 0;
        int used = 0;
        for (int order = 0; order < Orders; order++)
        {
            if (counts[order, 0] == 0 || counts[order, 1] == 0)
                continue;
            precision += (double)counts[order, 2] / counts[order, 0];
            recall += (double)counts[order, 2] / counts[order, 1];
            used++;
        }

        if (used == 0 || precision + recall == 0)
            return 0;
        (precision, recall) = (precision / used, recall / used);
        return 100 * (1 + BetaSquared) * precision * recall / (BetaSquared * precision + recall);
    }
}
