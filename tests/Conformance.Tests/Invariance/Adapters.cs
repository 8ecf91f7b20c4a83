namespace Seriatim.Conformance.Tests;

/// <summary>Adapters with random values for any model.</summary>
internal static class Adapters
{
    /// <summary>Adds to every linear weight, or to each of so many.</summary>
    public static Dictionary<string, LowRankFactors> Random(Model model, int seed, int every = 1)
    {
        var random = new Random(seed);
        return model.LinearPaths.Where((_, i) => i % every == 0).ToDictionary(path => path, path =>
        {
            (int outputs, int inputs) = Shape(model, path);
            int rank = random.Next(1, 6);
            return new LowRankFactors(Values(random, rank * inputs), Values(random, outputs * rank), rank,
                0.5f + random.NextSingle());
        });
    }

    private static (int Outputs, int Inputs) Shape(Model model, string path)
    {
        // A tied head is the embedding.
        int index = model.MatrixPaths.ToList().IndexOf(path);
        if (index >= 0)
            return (model.Matrices[index].Rows, model.Matrices[index].Columns);
        if (model.Parameters.FirstOrDefault(p => p.Path == path && p.Ending == ".weight") is { } own)
            return (own.Parameter.Rows, own.Parameter.Columns);
        return Shape(model, "embed");
    }

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => 0.6f * (random.NextSingle() - 0.5f))];
}
