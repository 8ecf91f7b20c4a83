using System.Globalization;

namespace Seriatim.Training;

/// <summary>What a trainer makes of its recipe.</summary>
internal static class RunParts
{
    public static Model LoadModel(TrainingRecipe recipe, string? checkpoint)
    {
        if ((checkpoint ?? recipe.ModelFolder) is { } folder)
            return Model.Load(folder, new ModelLoadOptions { Storage = WeightStorage.F32 });
        return Model.Create("model_config", recipe.ModelConfig!.Value, new RandomSource(recipe.Seed, recipe.InitialDeviation, recipe.SinusoidalPositions));
    }

    public static Optimizer NewOptimizer(TrainingRecipe recipe, IReadOnlyList<TrainableParameter> trained, int threads) => recipe.Optimizer switch
    {
        OptimizerKind.Lion => new Lion(trained, recipe.Adam.Beta1, recipe.Adam.Beta2, recipe.Adam.WeightDecay, threads),
        OptimizerKind.Adafactor => new Adafactor(trained, new AdafactorOptions { WeightDecay = recipe.Adam.WeightDecay }, threads),
        _ => new AdamW(trained, recipe.Adam, threads),
    };

    /// <summary>All that the bits of the result depend on.</summary>
    public static string Settings(
        TrainingRecipe recipe, LearningRateSchedule schedule, Objective objective, TrainingSet data, DropoutRates dropout,
        Teacher? teacher) =>
        string.Join("; ", schedule, objective.GetType().Name, recipe.MaskShare, recipe.NoiseDensity,
            recipe.SpanLength, data.Limits, recipe.Packing, $"accumulation {recipe.AccumulationSteps}", Name(recipe.Optimizer),
            recipe.Adam, $"clip {recipe.MaxGradientNorm}", $"smoothing {recipe.LabelSmoothing}", $"{dropout}", $"ema {recipe.AverageDecay}",
            $"freeze [{string.Join(' ', recipe.Selection.Frozen)}]", $"no_decay [{string.Join(' ', recipe.Selection.WithoutDecay)}]",
            $"seed {recipe.Seed}", $"logging {recipe.LoggingSteps}", $"split {recipe.ValidationSplit}",
            $"weights [{string.Join(' ', recipe.TrainFiles.Select(f => f.Weight))}]", data.Keys)
        // What came later than the first checkpoints in use is named only where it is used.
        + (recipe.Best is null ? "" : $"; {recipe.Best}") + (recipe.Generation is null ? "" : $"; {recipe.Generation}")
        + (recipe.Sampling is null ? "" : $"; {recipe.Sampling}") + (teacher is null ? "" : $"; {teacher.Name}");

    /// <summary>Rows of the largest batch there can be.</summary>
    public static long LargestBatch(TrainingRecipe recipe, TrainingSet data, Objective objective)
    {
        long perExample = Math.Min(data.Limits.Source, 1 << 20) + (objective.NeedsTargets ? Math.Min(data.Limits.Target, 1 << 20) : 0L);
        long byExamples = recipe.Packing.Examples > 0 ? recipe.Packing.Examples * perExample : long.MaxValue;
        return Math.Min(byExamples, recipe.Packing.Tokens > 0 ? recipe.Packing.Tokens : long.MaxValue);
    }

    private static string Name(OptimizerKind kind) => kind.ToString().ToLower(CultureInfo.InvariantCulture);
}
