namespace Seriatim.Training;

/// <summary>What a trainer makes of its recipe.</summary>
internal static class RunParts
{
    /// <summary>What a run says whose rows know each other.</summary>
    public const string BatchNormNotice = "The model has batch norms: in training each row depends on the rows that share its "
        + "batch, so other batch sizes give other models. Validation and generation use the running statistics.";

    /// <summary>Refuses more ranks than there are batches in a step: those left over would have nothing to do.</summary>
    public static void CheckGroup(TrainingRecipe recipe, ProcessGroup group)
    {
        if (group.Size <= recipe.AccumulationSteps)
            return;
        throw new RecipeException($"gradient_accumulation_steps is {recipe.AccumulationSteps}; the batches of a step are "
            + $"dealt out, and {group.Size} ranks need at least {group.Size}. Set it in the recipe (it counts all ranks' batches "
            + $"together), or start at most {recipe.AccumulationSteps}.");
    }

    /// <summary>What is said of batch norms; several processes cannot train them.</summary>
    public static string RefuseOrNoteBatchNorms(ProcessGroup group) => group.Size == 1 ? BatchNormNotice
        : throw new RecipeException("The model has batch norms, whose running statistics take in one batch after the other; "
            + "several processes cannot train it. Start one.");

    public static Model LoadModel(TrainingRecipe recipe, string? checkpoint, Device device, Action<string>? said = null)
    {
        if ((checkpoint ?? recipe.ModelFolder) is { } folder)
            return Model.Load(folder, new ModelLoadOptions { Storage = WeightStorage.F32, Device = device });
        var random = new RandomSource(recipe.Seed, recipe.InitialDeviation, recipe.SinusoidalPositions);
        return recipe.InitFrom is { } start ? start.Make(random, Create, said ?? (_ => { })) : Create(random);

        Model Create(IWeightSource source) => Model.Create("model_config", recipe.ModelConfig!.Value, source, device);
    }

    /// <summary>Lets products read matrices in BF16, those that are trained and those that are not.</summary>
    public static void KeepMasters(Model model)
    {
        foreach (ModelParameter matrix in model.Parameters.Where(p => p.IsMatrix && !p.IsConstant))
            matrix.Parameter.KeepMaster();
    }

    public static Optimizer NewOptimizer(TrainingRecipe recipe, IReadOnlyList<TrainableParameter> trained) =>
        recipe.Optimizer switch
        {
            OptimizerKind.Lion => new Lion(trained, recipe.Adam.Beta1, recipe.Adam.Beta2, recipe.Adam.WeightDecay),
            OptimizerKind.Adafactor => new Adafactor(trained, new AdafactorOptions { WeightDecay = recipe.Adam.WeightDecay }),
            _ => new AdamW(trained, recipe.Adam),
        };

    /// <summary>Rows of the largest batch there can be.</summary>
    public static long LargestBatch(TrainingRecipe recipe, TrainingSet data, Objective objective)
    {
        long perExample = Longest(data.Limits.Source, data.LongestSource)
            + (objective.NeedsTargets ? Longest(data.Limits.Target, data.LongestTarget) : 0L);
        long byExamples = recipe.Packing.Examples > 0 ? recipe.Packing.Examples * perExample : long.MaxValue;
        return Math.Min(byExamples, recipe.Packing.Tokens > 0 ? recipe.Packing.Tokens : long.MaxValue);
    }

    /// <summary>Where nothing limits examples, the data do.</summary>
    private static long Longest(int limit, int inData) => limit == int.MaxValue ? inData : Math.Min(limit, 1 << 20);

    /// <summary>Refuses what an objective cannot be joined with.</summary>
    public static void CheckObjective(TrainingRecipe recipe)
    {
        if (recipe.Sampling is not null && recipe.Objective is (ObjectiveKind.MaskedTokens or ObjectiveKind.MaskPredict))
        {
            string name = recipe.Objective == ObjectiveKind.MaskedTokens ? "masked_tokens" : "mask_predict";
            throw new RecipeException($"scheduled_sampling is for objectives that predict the next id, not for {name}.");
        }
        if (recipe.Teacher is not null && recipe.Objective == ObjectiveKind.MaskPredict)
        {
            throw new RecipeException("teacher_model_name_or_path is for objectives without a length to predict, not for "
                + "mask_predict; train on a teacher's translations instead (seriatim distill).");
        }
    }

    /// <summary>Refuses what model, tokenizer and recipe do not agree on.</summary>
    public static void CheckModel(TrainingRecipe recipe, Model model, Tokenizer tokenizer)
    {
        if (tokenizer.VocabularySize > model.Spec.Last.Vocabulary)
        {
            throw new RecipeException(
                $"{recipe.Tokenizer} has {tokenizer.VocabularySize} ids; the model's vocab_size is "
                    + $"{model.Spec.Last.Vocabulary}.");
        }
        if (recipe.ModelFolder is not null && TokenizerCheck.FirstDifference(recipe.ModelFolder, tokenizer) is { } difference)
        {
            throw new RecipeException($"{recipe.Tokenizer} is not the tokenizer of {recipe.ModelFolder}: {difference}. The "
                + "model's ids would mean something else.");
        }
        foreach ((string key, double value) in model.Config.TrainingValues
            .Where(v => v.Key.EndsWith("layerdrop", StringComparison.Ordinal)))
        {
            if (value != 0 && !recipe.LayerDropOff)
            {
                throw new RecipeException($"The model's config has {key} {value}; dropping whole layers is not built. Set "
                    + "\"layerdrop\": 0 in the recipe to train without.");
            }
        }
    }
}
