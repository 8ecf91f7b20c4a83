namespace Seriatim.Training;

/// <summary>The learning rate of a recipe, before the number of steps is known.</summary>
/// <param name="Kind"><c>lr_scheduler_type</c>.</param>
/// <param name="Peak"><c>learning_rate</c>; for Noam the factor.</param>
public sealed record ScheduleOptions(string Kind, double Peak)
{
    private static readonly string[] Kinds =
        ["linear", "cosine", "cosine_with_min_lr", "constant", "constant_with_warmup", "inverse_sqrt", "noam",
            "warmup_stable_decay"];

    /// <summary><c>min_lr</c>.</summary>
    public double Minimum { get; init; }

    /// <summary><c>warmup_steps</c>.</summary>
    public long WarmupSteps { get; init; }

    /// <summary><c>warmup_ratio</c>: share of all steps; 0: <see cref="WarmupSteps"/> says how many.</summary>
    public double WarmupRatio { get; init; }

    /// <summary><c>num_decay_steps</c>; null: a tenth of all steps.</summary>
    public long? DecaySteps { get; init; }

    /// <summary>The schedule of a run.</summary>
    /// <param name="width">Width of the model (Noam).</param>
    /// <param name="steps">Steps in all.</param>
    public LearningRateSchedule Make(int width, long steps)
    {
        long warmup = WarmupRatio > 0 ? (long)Math.Ceiling(WarmupRatio * steps) : WarmupSteps, fall = DecaySteps ?? steps / 10;
        return Kind switch
        {
            "cosine" or "cosine_with_min_lr" => new CosineSchedule(Peak, warmup, steps, Minimum),
            "constant" or "constant_with_warmup" => new ConstantSchedule(Peak, warmup),
            "inverse_sqrt" => new InverseSqrtSchedule(Peak, warmup),
            "noam" => new NoamSchedule(Peak, width, warmup),
            "warmup_stable_decay" =>
                new WarmupStableDecaySchedule(Peak, warmup, Math.Max(0, steps - warmup - fall), fall, Minimum),
            _ => new LinearSchedule(Peak, warmup, steps),
        };
    }

    internal static ScheduleOptions Read(RecipeReader reader)
    {
        if (reader.Has("warmup_steps") && reader.Has("warmup_ratio"))
            throw new RecipeException("Give \"warmup_steps\" or \"warmup_ratio\", not both.");
        var options = new ScheduleOptions(
            reader.OneOf("lr_scheduler_type", "linear", [.. Kinds.Select(name => (name, name))]),
            reader.Number("learning_rate", 5e-5))
        {
            Minimum = reader.Number("min_lr", 0),
            WarmupRatio = reader.Number("warmup_ratio", 0, 0, 1),
            WarmupSteps = reader.Whole("warmup_steps", 0),
            DecaySteps = reader.Has("num_decay_steps") ? reader.Whole("num_decay_steps", 0) : null,
        };
        bool warms = options.WarmupSteps > 0 || options.WarmupRatio > 0, decays = options.Kind == "warmup_stable_decay";
        if (!decays && options.DecaySteps is not null)
            throw reader.Wrong("num_decay_steps", "lr_scheduler_type warmup_stable_decay");
        if (options.Minimum > 0 && !decays && options.Kind != "cosine_with_min_lr")
            throw reader.Wrong("min_lr", "lr_scheduler_type cosine_with_min_lr or warmup_stable_decay");
        if (options.Kind == "constant" && warms)
            throw new RecipeException("A \"constant\" rate has no warm-up; lr_scheduler_type is \"constant_with_warmup\".");
        if (options.Kind == "noam" && !warms)
            throw new RecipeException("\"noam\" needs \"warmup_steps\" of at least 1.");
        return options;
    }
}
