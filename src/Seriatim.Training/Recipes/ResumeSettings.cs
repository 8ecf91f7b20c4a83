using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Seriatim.Training;

/// <summary>
/// All that the bits of a run depend on, by the recipe's keys and with defaults filled in: saved with each
/// checkpoint, and compared when a run goes on.
/// </summary>
internal static class ResumeSettings
{
    /// <summary>The one setting that may change: grow, or shrink where the steps that are done are the same either way.</summary>
    public const string Steps = "max_steps";

    public static SortedDictionary<string, string> Of(
        TrainingRecipe recipe, TrainingSet data, ReadOnlySpan<byte> tokenizer, long steps, DropoutRates dropout, Teacher? teacher)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [Steps] = Value(steps),
            ["objective"] = Value(recipe.Objective),
            ["mlm_probability"] = Value(recipe.MaskShare),
            ["noise_density"] = Value(recipe.NoiseDensity),
            ["mean_noise_span_length"] = Value(recipe.SpanLength),
            ["tokenizer"] = Convert.ToHexStringLower(SHA256.HashData(tokenizer))[..16],
            ["add_special_tokens"] = Value(recipe.Encoding.AddSpecialTokens),
            ["append_eos"] = Value(recipe.Encoding.AppendEos),
            ["validation_split"] = Value(recipe.ValidationSplit),
            ["max_length"] = Text($"{data.Limits.Source} + {data.Limits.Target}"),
            ["long_sequences"] = Value(recipe.LongSequences),
            ["per_device_train_batch_tokens"] = Value(recipe.Packing.Tokens),
            ["per_device_train_batch_size"] = Value(recipe.Packing.Examples),
            ["group_by_length"] = Value(recipe.Packing.GroupByLength),
            ["gradient_accumulation_steps"] = Value(recipe.AccumulationSteps),
            ["lr_scheduler_type"] = recipe.Schedule.Kind,
            ["learning_rate"] = Value(recipe.Schedule.Peak),
            ["min_lr"] = Value(recipe.Schedule.Minimum),
            ["warmup_steps"] = Value(recipe.Schedule.WarmupSteps),
            ["warmup_ratio"] = Value(recipe.Schedule.WarmupRatio),
            ["num_decay_steps"] = Value(recipe.Schedule.DecaySteps),
            ["optim"] = Value(recipe.Optimizer),
            ["adam_beta1"] = Value(recipe.Adam.Beta1),
            ["adam_beta2"] = Value(recipe.Adam.Beta2),
            ["adam_epsilon"] = Value(recipe.Adam.Epsilon),
            ["weight_decay"] = Value(recipe.Adam.WeightDecay),
            ["max_grad_norm"] = Value(recipe.MaxGradientNorm),
            ["label_smoothing_factor"] = Value(recipe.LabelSmoothing),
            ["dropout"] = Text($"{dropout.Embedding}, {dropout.Residual}, {dropout.Final}"),
            ["attention_dropout"] = Value(dropout.Attention),
            ["activation_dropout"] = Value(dropout.Activation),
            ["ema_decay"] = Value(recipe.AverageDecay),
            ["bf16"] = recipe.KeepsMasters ? "true" : "", // as checkpoints have it that were made before there was this key
            ["freeze"] = string.Join(' ', recipe.Selection.Frozen),
            ["no_decay"] = string.Join(' ', recipe.Selection.WithoutDecay),
            ["logging_steps"] = Value(recipe.LoggingSteps),
            ["seed"] = Value(recipe.Seed),
            ["metric_for_best_model"] = recipe.Best is { } best
                ? Text($"{best.Metric}, greater {best.GreaterIsBetter}, load at end {best.LoadAtEnd}, patience {best.Patience}")
                : "",
            ["predict_with_generate"] = recipe.Generation is { } made
                ? Text($"length {made.MaxLength}, beams {made.Beams}, samples {made.MaxSamples}")
                : "",
            ["scheduled_sampling"] = recipe.Sampling is { } sampled
                ? Text($"{sampled.Probability} {sampled.Growth} from {sampled.StartStep} to {sampled.EndStep}") : "",
            ["teacher_model_name_or_path"] = teacher?.Name ?? "",
        };
        AddModel(all, recipe);
        RecipeData[] files = [.. recipe.TrainFiles, .. recipe.ValidationFiles];
        for (int i = 0; i < files.Length; i++)
        {
            string place = i < recipe.TrainFiles.Count ? $"train_files[{i}]" : $"validation_files[{i - recipe.TrainFiles.Count}]";
            all[place] = Text($"{Path.GetFileName(files[i].File.Path)} {data.Keys[i][..16]} weight {files[i].Weight}");
        }

        return all;
    }

    /// <summary>What is not as it was, one line a key; empty if a run may go on.</summary>
    /// <param name="before">The settings of the checkpoint.</param>
    /// <param name="now">Those of the recipe.</param>
    /// <param name="mayChangeSteps">Whether another number of steps is welcome.</param>
    public static IReadOnlyList<string> Differences(IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> now, bool mayChangeSteps) =>
        [.. before.Keys.Union(now.Keys).Order(StringComparer.Ordinal)
            .Select(key => (Key: key, Before: before.GetValueOrDefault(key) ?? "", Now: now.GetValueOrDefault(key) ?? ""))
            .Where(s => s.Before != s.Now && !(s.Key == Steps && mayChangeSteps))
            .Select(s => $"{s.Key}: {Shown(s.Before)}, now {Shown(s.Now)}")];

    public static long StepsOf(IReadOnlyDictionary<string, string> settings) =>
        long.TryParse(settings.GetValueOrDefault(Steps), NumberStyles.None, CultureInfo.InvariantCulture, out long steps)
            ? steps
            : 0;

    /// <summary>
    /// The first step, from 0, in which the rate of a run of another length would have been another one;
    /// <paramref name="done"/> if it never was.
    /// </summary>
    public static long FirstOtherRate(TrainingRecipe recipe, int width, long before, long now, long done)
    {
        LearningRateSchedule old = recipe.Schedule.Make(width, before), schedule = recipe.Schedule.Make(width, now);
        long differs = 0;
        while (differs < done && old.RateAt(differs) == schedule.RateAt(differs))
            differs++;
        return differs;
    }

    /// <summary>What there is to say of a run of another length than before.</summary>
    public static string Notice(long before, long now, long done, long otherRate) =>
        $"The run has {now} steps now, {before} before."
            + (otherRate == done
                ? ""
                : $" Its learning rate would have been another one from step {otherRate + 1} on; the {done} steps "
                    + "done stay as they are.");

    /// <summary>The config key by key, as it was written; or the folder as the recipe names it.</summary>
    private static void AddModel(SortedDictionary<string, string> all, TrainingRecipe recipe)
    {
        using JsonDocument json = JsonDocument.Parse(recipe.Json);
        JsonElement root = json.RootElement;
        foreach (string key in (string[])["model_name_or_path", "init_std", "init_positions"])
        {
            if (root.TryGetProperty(key, out JsonElement value))
                all[key] = value.ToString();
        }

        if (root.TryGetProperty("init_from", out JsonElement from))
            Add("init_from", from);
        if (recipe.ModelConfig is not null)
            Add("model_config", root.GetProperty("model_config"));

        void Add(string name, JsonElement value)
        {
            if (value.ValueKind != JsonValueKind.Object)
            {
                all[name] = value.ToString();
                return;
            }

            foreach (JsonProperty property in value.EnumerateObject())
                Add($"{name}.{property.Name}", property.Value);
        }
    }

    private static string Shown(string value) => value.Length == 0 ? "(not given)" : value;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Value<T>(T value) =>
        value is IFormattable some ? some.ToString(null, CultureInfo.InvariantCulture) : $"{value}";
}
