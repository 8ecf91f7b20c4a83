namespace Seriatim.Generation.Tests;

/// <summary>The processors that golden/sampling does not have, against their definitions written plainly.</summary>
public sealed class ProcessorTests
{
    private const int Vocabulary = 30;

    [Fact]
    public void PresenceAndFrequencyCountTheOutputOnly()
    {
        float[] logits = Logits(1);
        LogitsRow row = Apply(new() { Penalties = new() { Presence = 0.5f, Frequency = 0.25f } }, logits, [4, 4, 9], [9, 9, 2]);
        Assert.Equal(logits[4], row.Logits[4]);
        Assert.Equal(logits[9] - 1f, row.Logits[9], 1e-6f);
        Assert.Equal(logits[2] - 0.75f, row.Logits[2], 1e-6f);
        row = Apply(new() { Penalties = new() { Frequency = 0.25f, LastN = 2 } }, logits, [4], [9, 9, 2]);
        Assert.Equal(logits[9] - 0.25f, row.Logits[9], 1e-6f);
    }

    [Fact]
    public void RepetitionLooksAtTheLastTokensOnlyIfAsked()
    {
        float[] logits = Logits(2);
        LogitsRow row = Apply(new() { Penalties = new() { Repetition = 2, LastN = 2 } }, logits, [4, 5], [6]);
        Assert.Equal(logits[4], row.Logits[4]);
        Assert.Equal(logits[5] > 0 ? logits[5] / 2 : logits[5] * 2, row.Logits[5]);
    }

    [Fact]
    public void DryPenalisesByTheLengthOfTheRepetition()
    {
        var random = new Random(3);
        for (int run = 0; run < 200; run++)
        {
            int[] history = [.. Enumerable.Range(0, random.Next(2, 40)).Select(_ => random.Next(4))];
            float[] logits = Logits(run);
            var dry = new DryOptions { Multiplier = 0.5f, Base = 1.5f, AllowedLength = 2, Breakers = [3] };
            LogitsRow row = Apply(new() { Penalties = new() { Dry = dry } }, logits, history, []);
            for (int id = 0; id < Vocabulary; id++)
            {
                int match = LongestRepetition(history, id, 3);
                double expected = match < 2 ? logits[id] : logits[id] - 0.5 * Math.Pow(1.5, match - 2);
                Assert.Equal(expected, row.Logits[id], 1e-5);
            }
        }
    }

    [Fact]
    public void TopNSigmaKeepsWhatIsNearTheBest()
    {
        float[] logits = Logits(4);
        double mean = logits.Average();
        double sigma = Math.Sqrt(logits.Average(l => (l - mean) * (l - mean)));
        LogitsRow row = Apply(new() { TopNSigma = 1.5f }, logits, [1], []);
        for (int id = 0; id < Vocabulary; id++)
            Assert.Equal(logits[id] >= logits.Max() - 1.5 * sigma, !float.IsNegativeInfinity(row.Logits[id]));
    }

    [Fact]
    public void ExcludeTopChoicesLeavesTheLeastProbableOfThem()
    {
        float[] logits = [.. Enumerable.Repeat(-5f, Vocabulary)];
        (logits[3], logits[7], logits[9]) = (2f, 1.5f, 1f);
        int acted = 0;
        for (ulong seed = 0; seed < 400; seed++)
        {
            LogitsRow row = Apply(new() { Xtc = new(0.25f, 0.1f) }, logits, [1], [], seed);
            Assert.Equal(float.IsNegativeInfinity(row.Logits[3]), float.IsNegativeInfinity(row.Logits[7]));
            Assert.Equal(1f, row.Logits[9]);
            Assert.Equal(-5f, row.Logits[0]);
            acted += float.IsNegativeInfinity(row.Logits[3]) ? 1 : 0;
        }

        Assert.InRange(acted, 70, 130);
    }

    [Fact]
    public void DynamicTemperatureFollowsTheEntropy()
    {
        float[] even = new float[Vocabulary];
        float[] sharp = new float[Vocabulary];
        sharp[5] = 50;
        (even[1], even[2]) = (0.001f, -0.001f);
        var options = new SamplingOptions { Temperature = 1, DynamicTemperature = new(0.5f) };
        Assert.Equal(even[1] - even[2], (Apply(options, even, [1], []).Logits[1] - Apply(options, even, [1], []).Logits[2]) * 1.5f, 1e-5f);
        Assert.Equal(-50 / 0.5f, Apply(options, sharp, [1], []).Logits[1] - Apply(options, sharp, [1], []).Logits[5], 1e-3f);
    }

    [Fact]
    public void MirostatKeepsTheSurpriseNearItsTarget()
    {
        using var model = new FakeModel(vocabulary: 200) { Preference = 0 };
        GenerationResult result = Runs.Alone(model, new GenerationRequest
        {
            Prompt = new[] { 1 },
            MaxNewTokens = 600,
            Logprobs = 0,
            Sampling = new() { Mirostat = new(Tau: 4, Eta: 0.2f) },
        });
        double bits = result.Choices[0].Logprobs!.Skip(100).Average(l => -l.Chosen.Logprob / Math.Log(2));

        // The surprise it steers is that of the truncated distribution, which is lower than the model's own.
        Assert.InRange(bits, 4.0, 6.5);
    }

    [Fact]
    public void TheOrderOfTemperatureAndTruncationIsAsDocumented()
    {
        float[] logits = Logits(8);
        var options = new SamplingOptions { Temperature = 3, MinP = 0.3f };
        int huggingFace = Kept(Apply(options, logits, [1], []));
        int llamaCpp = Kept(Apply(options with { Order = SamplerOrder.LlamaCpp }, logits, [1], []));
        Assert.True(huggingFace > llamaCpp, "A high temperature before min_p lets more tokens through.");
    }

    [Fact]
    public void TruncationWorksOnLargeVocabulariesAsBySorting()
    {
        const int Large = 20_000;
        var random = new Random(6);
        float[] logits = [.. Enumerable.Range(0, Large).Select(_ => MathF.Round((float)random.NextDouble() * 12, 2))];
        foreach (int k in (int[])[1, 2, 63, 64, 65, 700, 19_999, 20_000])
        {
            var row = new LogitsRow(Large);
            int[] expected = [.. Enumerable.Range(0, Large).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(k)];
            foreach (int sorted in (int[])[0, 5, 90])
            {
                row.Load(logits);
                row.Top(sorted);
                if (sorted == 0)
                    row.Touch();
                row.KeepTop(k);
                Assert.Equal(expected, row.Top(k).ToArray().Select(LogitsRow.IdOf));
                Assert.Equal(k, row.Values.Count(l => !float.IsNegativeInfinity(l)));
                Assert.All(expected, id => Assert.Equal(logits[id], row.Logits[id]));
            }
        }
    }

    [Fact]
    public void PhiloxEqualsItsPublishedVectors()
    {
        // kat_vectors of Random123: counter and key all zero, all ones, and digits of pi.
        Assert.Equal((0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), CounterRandom.Next(0, 0, 0, 0, 0));
        Assert.Equal(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            CounterRandom.Next(ulong.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            CounterRandom.Next(0x299f31d0a4093822, sequence: 0x13198a2e, step: 0x85a308d3, purpose: 0x03707344, index: 0x243f6a88));
    }

    [Fact]
    public void EightCountersAtOnceGiveTheSameNumbers()
    {
        uint[] numbers = new uint[32];
        CounterRandom.Next8(0x299f31d0a4093822, 7, 9, 1, uint.MaxValue - 3, numbers);
        for (uint i = 0; i < 8; i++)
        {
            (uint a, uint b, uint c, uint d) = CounterRandom.Next(0x299f31d0a4093822, 7, 9, 1, uint.MaxValue - 3 + i);
            Assert.Equal([a, b, c, d], numbers[(int)(4 * i)..(int)(4 * i + 4)]);
        }
    }

    /// <summary>Flat, steep, equal, far apart, and with dropped tokens: the bound never changes who wins.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TheRaceOfManyTokensHasTheWinnerOfAllScores(int shape)
    {
        const int Large = 5_003;
        for (int seed = 0; seed < 40; seed++)
        {
            float[] logits = Shaped(shape, Large, seed);
            var row = new LogitsRow(Large) { Tokens = [1, 2], PromptLength = 1, Seed = (ulong)seed * 77 };
            row.Load(logits);
            int winner = row.Race();
            row.Load(logits);
            Assert.Equal(GumbelRace.AmongFew(row, row.Candidates), winner);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void TopPKeepsWhatSortingWouldKeep(int shape)
    {
        const int Large = 5_003;
        foreach (float p in (float[])[1e-12f, 0.1f, 0.5f, 0.9f, 0.95f, 0.999f, 0.9999999f])
        {
            float[] logits = Shaped(shape, Large, 3);
            var row = new LogitsRow(Large);
            row.Load(logits);
            row.KeepMass(p);
            int[] order = [.. Enumerable.Range(0, Large).Where(id => !float.IsNegativeInfinity(logits[id])).OrderByDescending(id => logits[id]).ThenBy(id => id)];
            double max = logits[order[0]], sum = order.Sum(id => Math.Exp(logits[id] - max)), reached = 0;
            int kept = 0;
            while (kept < order.Length && reached < p * sum)
                reached += Math.Exp(logits[order[kept++]] - max);

            // Sums in another order may differ in the last digits: where all are equal, by one token.
            int[] actual = [.. Enumerable.Range(0, Large).Where(id => !float.IsNegativeInfinity(row.Logits[id]))];
            Assert.InRange(actual.Length, kept - 1, kept + 1);
            Assert.Equal(order.Take(actual.Length).Order(), actual);
            Assert.All(actual, id => Assert.Equal(logits[id], row.Logits[id]));
        }
    }

    [Fact]
    public void CutoffsAreTheSameForAListAndForAllTokens()
    {
        float[] logits = Shaped(4, 5_003, 8);
        foreach (double least in (double[])[-3.3, 0, 1.25, 2.0000000001])
        {
            (var listed, var all) = (new LogitsRow(logits.Length), new LogitsRow(logits.Length));
            listed.Load(logits);
            all.Load(logits);
            Assert.Equal(logits.Count(l => !float.IsNegativeInfinity(l)), listed.Candidates.Length);
            listed.KeepFrom(least);
            all.KeepFrom(least);
            Assert.Equal(listed.Values, all.Values);
        }
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void LogitsThatAreNotFiniteAreSeenWhereverTheyStand(float bad)
    {
        foreach (int at in (int[])[0, 7, 8, 5_000, 5_002])
        {
            float[] logits = Shaped(0, 5_003, 1);
            Assert.True(LogitsScan.TryMax(logits, out float max));
            Assert.Equal(logits.Max(), max);
            logits[at] = bad;
            Assert.False(LogitsScan.TryMax(logits, out _));
        }
    }

    private static float[] Shaped(int shape, int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(id => shape switch
        {
            0 => (float)(random.NextDouble() - 0.5),
            1 => (float)(random.NextDouble() * 60),
            2 => 1.5f,
            3 => (id % 2 == 0 ? -1e30f : 1e6f) + (float)(random.NextDouble() * 1e5),
            _ => id % 3 == 0 ? float.NegativeInfinity : MathF.Round((float)random.NextDouble() * 8, 1),
        })];
    }

    private static int Kept(LogitsRow row) => row.Values.Count(l => !float.IsNegativeInfinity(l));

    private static float[] Logits(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Vocabulary).Select(_ => (float)(random.NextDouble() * 8 - 4))];
    }

    private static LogitsRow Apply(SamplingOptions options, float[] logits, int[] prompt, int[] output, ulong seed = 0)
    {
        var request = new GenerationRequest { Prompt = prompt, Sampling = options };
        var chain = new SamplerChain(request, [], 100, logits.Length);
        var row = new LogitsRow(logits.Length) { Tokens = [.. prompt, .. output], PromptLength = prompt.Length, Seed = seed };
        row.Load(logits);
        chain.ApplyScores(row);
        chain.ApplyWarpers(row);
        return row;
    }

    private static int LongestRepetition(int[] history, int next, int breaker)
    {
        int longest = 0;
        for (int at = 1; at < history.Length; at++)
        {
            if (history[at] != next)
                continue;
            int match = 0;
            while (match < at && history[at - 1 - match] == history[^(1 + match)] && history[^(1 + match)] != breaker)
                match++;
            longest = Math.Max(longest, match);
        }

        return longest;
    }
}
