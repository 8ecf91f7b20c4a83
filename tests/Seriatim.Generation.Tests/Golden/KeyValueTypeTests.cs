using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>What keys and values in fewer bits do to the logits of a trained model: the bounds of the guide.</summary>
public sealed class KeyValueTypeTests
{
    [Theory]
    [InlineData(KeyValueType.F16, 0.01, 1e-6)]
    [InlineData(KeyValueType.Q8, 0.2, 2e-4)]
    public void LogitsStayWithinTheBound(KeyValueType type, double mostDifference, double mostDivergence)
    {
        string? folder = Stories();
        Assert.NotNull(folder);
        using Model model = Model.Load(folder);
        using IDifferentiableOps ops = CpuOps.Create(1);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        int[] text = tokenizer.Encode("Once upon a time there was a king who had three sons, and the youngest of them was called the Simpleton. One day the king " +
            "said to them: Go out into the wide world, and he who brings me the most beautiful carpet shall be king after my death.");
        float[][] expected = Logits(model, ops, text, KeyValueType.F32);
        float[][] actual = Logits(model, ops, text, type);
        double difference = 0, divergence = 0;
        for (int row = 0; row < text.Length; row++)
        {
            for (int id = 0; id < expected[row].Length; id++)
                difference = Math.Max(difference, Math.Abs(expected[row][id] - actual[row][id]));
            divergence += Divergence(expected[row], actual[row]) / text.Length;
        }

        Assert.True(difference > 0, "Nothing was rounded.");
        Assert.True(difference < mostDifference, $"{type}: a logit differs by {difference:G3}; {mostDifference} is the bound");
        Assert.True(divergence < mostDivergence, $"{type}: the mean divergence is {divergence:G3}; {mostDivergence} is the bound");
    }

    private static float[][] Logits(Model model, IOps ops, int[] text, KeyValueType type)
    {
        using MemoryPools pools = model.NewMemoryPools(16, text.Length / 16 + 1, type: type);
        using SequenceMemory memory = model.NewMemory(pools);
        using Tensor hidden = model.Forward(ops, new RaggedBatchBuilder().Add(text, memory, outputs: Outputs.All).Build());
        using Tensor logits = model.Project(ops, hidden);
        return [.. Enumerable.Range(0, text.Length).Select(row => logits.Row(row).ToArray())];
    }

    /// <summary><c>Σ p log(p / q)</c> of the two distributions.</summary>
    private static double Divergence(float[] expected, float[] actual)
    {
        (double[] p, double[] q) = (LogSoftmax(expected), LogSoftmax(actual));
        return p.Zip(q, (a, b) => Math.Exp(a) * (a - b)).Sum();
    }

    private static double[] LogSoftmax(float[] logits)
    {
        double max = logits.Max();
        double total = max + Math.Log(logits.Sum(l => Math.Exp(l - max)));
        return [.. logits.Select(l => l - total)];
    }

    private static string? Stories()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            string path = Path.Combine(folder, "models", "stories");
            if (File.Exists(Path.Combine(path, Model.ConfigFileName)))
                return path;
        }

        return null;
    }
}
