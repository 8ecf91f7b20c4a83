namespace Seriatim.Generation.Tests;

/// <summary>Requests of every kind, drawn with a fixed seed.</summary>
internal static class Mixture
{
    public static GenerationRequest[] Requests(int count, int seed, int vocabulary, bool drafts = false, int longest = 60, int[]? encoder = null)
    {
        var random = new Random(seed);
        int[] shared = Ids(random, 40, vocabulary);
        var requests = new GenerationRequest[count];
        for (int i = 0; i < count; i++)
        {
            int[] prompt = Ids(random, random.Next(1, longest), vocabulary);
            if (random.Next(3) == 0)
                prompt = [.. shared.AsSpan(0, random.Next(20, 40)), .. prompt.AsSpan(0, Math.Min(prompt.Length, 8))];
            requests[i] = Kind(random, new GenerationRequest
            {
                Prompt = prompt,
                EncoderInput = encoder is null ? default : Ids(random, random.Next(1, 30), vocabulary),
                MaxNewTokens = random.Next(1, 40),
                Seed = (ulong)random.NextInt64(),
                Priority = random.Next(10) == 0 ? 1 : 0,
                EndIds = random.Next(2) == 0 ? [random.Next(vocabulary)] : [],
            }, vocabulary, drafts);
        }

        return requests;
    }

    private static GenerationRequest Kind(Random random, GenerationRequest request, int vocabulary, bool drafts) => random.Next(10) switch
    {
        0 => request with { Sampling = SamplingOptions.Greedy, Logprobs = 2 },
        1 => request with { Sampling = new() { Temperature = 0.8f, TopK = 20, TopP = 0.9f }, Count = 3 },
        2 => request with { Sampling = new() { MinP = 0.1f, Penalties = new() { Repetition = 1.2f, NoRepeatNgramSize = 3 } }, Logprobs = 0 },
        3 => request with { Beam = new() { Beams = 4, LengthPenalty = 0.8 }, Count = 2, Logprobs = 1 },
        4 => request with { Beam = new() { Beams = 4, Groups = 2, DiversityPenalty = 0.5 }, Count = 4 },
        5 => request with { PromptLogprobs = 1, Sampling = new() { Mirostat = new() } },
        6 => request with { BestOf = 4, Count = 2, Sampling = new() { Penalties = new() { Presence = 0.5f, Frequency = 0.2f, Dry = new() } } },
        7 => request with { Speculation = new() { MaxTokens = 6, Branches = 3, Always = true }, Sampling = SamplingOptions.Greedy },
        8 => request with
        {
            Speculation = new() { MaxTokens = 5, Always = true, Kind = drafts ? SpeculationKind.DraftModel : SpeculationKind.PromptLookup },
            Sampling = new() { Temperature = 0.7f, Xtc = new(0.3f), TypicalP = 0.95f },
            Logprobs = 1,
        },
        _ => request with { Speculation = new() { MaxTokens = 4 }, MinNewTokens = Math.Min(3, request.MaxNewTokens!.Value), Logprobs = 3 },
    };

    private static int[] Ids(Random random, int count, int vocabulary) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
}
