namespace Seriatim.Generation;

/// <summary>
/// Log-probabilities of a row under the model alone: they depend on the row only, to the last bit.
/// </summary>
internal static class LogprobReader
{
    /// <summary><c>log Σ exp(logit)</c>, within 3e-7.</summary>
    public static double LogSumExp(ReadOnlySpan<float> logits)
    {
        // What is no number is passed over here and found by the sum.
        LogitsScan.TryMax(logits, out float max);
        return max + PlainMath.Log(PlainMath.SumExp(logits, max));
    }

    /// <summary>Log-probability of a token with its rank and the best alternatives.</summary>
    /// <param name="row">Scratch space; its content is lost.</param>
    /// <param name="logits">The model's logits.</param>
    /// <param name="chosen">The token.</param>
    /// <param name="top">Number of alternatives.</param>
    public static TokenLogprobs Read(LogitsRow row, ReadOnlySpan<float> logits, int chosen, int top)
    {
        double total = LogSumExp(logits);
        int rank = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (logits[id] > logits[chosen] || (logits[id] == logits[chosen] && id < chosen))
                rank++;
        }

        TokenLogprob[] best = [];
        if (top > 0)
        {
            row.Load(logits);
            ReadOnlySpan<ulong> keys = row.Top(top);
            best = new TokenLogprob[keys.Length];
            for (int i = 0; i < keys.Length; i++)
                best[i] = Of(LogitsRow.IdOf(keys[i]), logits, total);
        }

        return new TokenLogprobs { Chosen = Of(chosen, logits, total), Top = best, Rank = rank };
    }

    private static TokenLogprob Of(int id, ReadOnlySpan<float> logits, double total) =>
        new() { TokenId = id, Logprob = logits[id] - total };
}
