namespace Seriatim.Training;

/// <summary>
/// Corpus BLEU (Papineni et al., 2002) by the definitions of sacreBLEU (Post, 2018): n-grams up to 4, case kept, smoothing
/// <c>exp</c> (each order without a match counts half of the last), the closest reference's length (the shorter of two).
/// </summary>
public static class Bleu
{
    private const int Orders = 4;

    /// <summary>Scores a corpus.</summary>
    /// <param name="hypotheses">Output, one a segment.</param>
    /// <param name="references">References of each segment, at least one each.</param>
    /// <param name="tokenizer">How segments are cut.</param>
    /// <exception cref="ArgumentException">The numbers of segments differ, there are none, or one has no reference.</exception>
    public static BleuScore Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references,
        BleuTokenizer tokenizer = BleuTokenizer.Mteval13A)
    {
        Segments.Check(hypotheses, references);
        long[] matches = new long[Orders], totals = new long[Orders];
        long length = 0, referenceLength = 0;
        for (int i = 0; i < hypotheses.Count; i++)
        {
            string[] tokens = BleuTokens.Split(hypotheses[i], tokenizer);
            string[][] others = [.. references[i].Select(r => BleuTokens.Split(r, tokenizer))];
            length += tokens.Length;
            referenceLength += others.Select(o => o.Length).OrderBy(n => Math.Abs(n - tokens.Length)).ThenBy(n => n).First();
            for (int order = 1; order <= Orders; order++)
            {
                Dictionary<string, int> most = [];
                foreach (string[] other in others)
                {
                    foreach ((string gram, int count) in Segments.Grams(other, order, " "))
                        most[gram] = Math.Max(count, most.GetValueOrDefault(gram));
                }

                foreach ((string gram, int count) in Segments.Grams(tokens, order, " "))
                    matches[order - 1] += Math.Min(count, most.GetValueOrDefault(gram));
                totals[order - 1] += Math.Max(0, tokens.Length - order + 1);
            }
        }

        return Score(matches, totals, length, referenceLength);
    }

    private static BleuScore Score(long[] matches, long[] totals, long length, long referenceLength)
    {
        double penalty = length >= referenceLength ? 1 : length == 0 ? 0 : Math.Exp(1 - (double)referenceLength / length);
        double[] precisions = new double[Orders];
        double smooth = 1;
        for (int i = 0; i < Orders && totals[i] > 0; i++)
        {
            if (matches[i] == 0)
                smooth *= 2;
            precisions[i] = matches[i] == 0 ? 100 / (smooth * totals[i]) : 100.0 * matches[i] / totals[i];
        }

        // Without a single match, or in a corpus too short for four tokens in a row, there is no score.
        double score = matches.Sum() == 0 || precisions.Contains(0) ? 0
            : penalty * Math.Exp(precisions.Sum(Math.Log) / Orders);
        return new BleuScore(score, precisions, penalty, length, referenceLength);
    }
}
