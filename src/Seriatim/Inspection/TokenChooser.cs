using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Inspection;

/// <summary>The engine's sampler chain over one row, step by step.</summary>
internal sealed class TokenChooser(
    GenerationRequest request, IReadOnlyList<int> endIds, int maxNewTokens, int vocabulary, int shown)
{
    public SamplerChain NewChain() => new(request, endIds, maxNewTokens, vocabulary);

    /// <summary>Chooses as the engine would; the chain is as it was.</summary>
    public TokenChoice Choose(SamplerChain chain, ReadOnlySpan<float> logits, List<int> tokens, Tokenizer tokenizer)
    {
        var row = new LogitsRow(vocabulary);
        row.Load(logits);
        (row.Tokens, row.PromptLength, row.Seed, row.EncoderInput) =
            (tokens, request.Prompt.Length, request.Seed!.Value, request.EncoderInput);
        var cuts = new List<SamplerCut>();
        float[] before = logits.ToArray();
        int left = CountOf(before);
        int id = chain.Choose(row, (sampler, processor, now) =>
        {
            int after = CountOf(now.Values);
            string name = sampler.Name == UserProcessor.Row.Name ? processor.Name : sampler.Name;
            cuts.Add(new SamplerCut(name, sampler.Does, left, after, ScoredToken.Best(now.Values, shown),
                !before.AsSpan().SequenceEqual(now.Values)));
            now.Values.CopyTo(before, 0);
            left = after;
        });
        bool greedy = request.Sampling.Temperature == 0;
        return new TokenChoice
        {
            Step = row.Step,
            Seed = row.Seed,
            Logits = ScoredToken.Best(logits, shown),
            Cuts = cuts,
            Rolls = greedy ? [] : Rolls(row),
            IsGreedy = greedy,
            Token = Specimen.TokenOf(tokenizer, DecoderAfter(tokenizer, tokens), tokens.Count, id),
            Ends = (!request.IgnoreEndIds && endIds.Contains(id)) || request.StopIds.Contains(id),
        };
    }

    /// <summary>Those that came first, best first.</summary>
    private DieRoll[] Rolls(LogitsRow row)
    {
        var first = new PriorityQueue<int, (double Score, int Id)>();
        (double max, double sum) = (double.NegativeInfinity, 0);
        foreach (float logit in row.Values)
            max = Math.Max(max, logit);
        for (int id = 0; id < row.Values.Length; id++)
        {
            if (row.IsDropped(id))
                continue;
            sum += Math.Exp(row.Values[id] - max);
            (double, int) score = (GumbelRace.Roll(row, id).Score, -id);
            if (first.Count < shown)
                first.Enqueue(id, score);
            else
                first.EnqueueDequeue(id, score);
        }

        var rolls = new DieRoll[first.Count];
        for (int i = rolls.Length - 1; i >= 0; i--)
        {
            int id = first.Dequeue();
            (double uniform, double score) = GumbelRace.Roll(row, id);
            rolls[i] = new DieRoll(new ScoredToken(id, row.Values[id], Math.Exp(row.Values[id] - max) / sum), uniform, score);
        }

        return rolls;
    }

    private static int CountOf(ReadOnlySpan<float> logits)
    {
        int count = 0;
        foreach (float logit in logits)
            count += float.IsNegativeInfinity(logit) ? 0 : 1;
        return count;
    }

    private static TokenDecoder DecoderAfter(Tokenizer tokenizer, List<int> tokens)
    {
        TokenDecoder decoder = tokenizer.CreateDecoder(skipSpecialTokens: false);
        foreach (int token in tokens)
            decoder.Append(token);
        return decoder;
    }
}
