namespace Seriatim.Generation.Tests;

/// <summary>The best few of a row are the same whether all candidates are listed first or not.</summary>
public sealed class BestCandidateTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(200)]
    public void The_best_are_those_of_a_full_list(int count)
    {
        var random = new Random(count);
        for (int i = 0; i < 200; i++)
        {
            float[] logits = Row(random, 250 + random.Next(70));
            var row = new LogitsRow(logits, [], []);
            ulong[] fast = [.. row.Top(count)];
            ulong[] all = [.. row.Candidates];
            Assert.Equal(all.Order().Take(count), fast);
            Assert.Equal(fast, row.Top(count).ToArray());
            Assert.Equal(logits, row.Logits.ToArray());
        }
    }

    /// <summary>Choosing the best few leaves them, and nothing else, behind.</summary>
    [Fact]
    public void Keeping_the_best_keeps_those()
    {
        var random = new Random(5);
        for (int i = 0; i < 100; i++)
        {
            float[] logits = Row(random, 300);
            int[] best = new int[7];
            int found = new LogitsRow(logits, [], []).Top(best);
            var row = new LogitsRow(logits, [], []);
            row.KeepTop(7);
            Assert.Equal(best[..found].Order(), Enumerable.Range(0, 300).Where(id => !row.IsDropped(id)));
        }
    }

    /// <summary>The log-probabilities of a row are its logits less their log-sum-exp, rounded once.</summary>
    [Fact]
    public void Logprobs_are_rounded_once()
    {
        var random = new Random(6);
        float[] logits = [.. Enumerable.Range(0, 1003).Select(_ => (float)(random.NextDouble() * 40 - 20))];
        double max = logits.Max(), sum = 0;
        foreach (float logit in logits)
            sum += PlainMath.Exp(logit - max);
        double total = LogprobReader.LogSumExp(logits);
        Assert.InRange(total - (max + PlainMath.Log(sum)), -3e-7, 3e-7);
        var row = new LogitsRow(logits, [], []);
        row.LoadLogprobs(logits, total);
        Assert.Equal(logits.Select(logit => (float)(logit - total)), row.Logits.ToArray());
    }

    /// <summary>With equal numbers, both zeros and tokens that are out.</summary>
    private static float[] Row(Random random, int length)
    {
        float[] logits = [.. Enumerable.Range(0, length).Select(_ => random.Next(40) / 4f - 5)];
        for (int i = 0; i < length / 4; i++)
            logits[random.Next(length)] = i % 3 == 0 ? -0f : float.NegativeInfinity;
        return logits;
    }
}
