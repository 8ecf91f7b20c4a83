namespace Seriatim.Generation;

public sealed partial record PenaltyOptions
{
    /// <summary>
    /// Each distinct id in prompt or output: a positive logit is divided, a negative one multiplied (Keskar et al., 2019). Above
    /// 0.
    /// </summary>
    public float Repetition { get; init; } = 1;
}

/// <summary>Divides positive and multiplies negative logits of distinct ids (Keskar et al., 2019: CTRL).</summary>
internal sealed class RepetitionPenalty(float penalty, int? lastN) : LogitsProcessor
{
    /// <summary>Its option, and the processor that follows from it.</summary>
    public static Sampler Row { get; } = new()
    {
        Name = "repetition_penalty",
        Stage = SamplerStage.Score,
        Does = "each distinct id of prompt and output: `l / p` if positive, else `l · p`",
        Options = [SamplerOption.Of("Penalties.Repetition", 1f, options => options.Penalties.Repetition)],
        Check = (options, _) =>
        {
            OptionCheck.Positive("Sampling.Penalties.Repetition", options.Penalties.Repetition);
            OptionCheck.AtLeast("Sampling.Penalties.LastN", options.Penalties.LastN ?? 1, 1);
        },
        Create = terms => [new RepetitionPenalty(terms.Options.Penalties.Repetition, terms.Options.Penalties.LastN)],
        Flags =
        [
            new SamplerFlag<float>("Penalties.Repetition", ["--repeat-penalty", "--repetition-penalty"], "x",
                "Penalty of tokens that were there; 1: off.", 1,
                (options, x) => options with { Penalties = options.Penalties with { Repetition = x } }) { IsFromModel = true },
        ],
    };

    public override void Apply(LogitsRow row)
    {
        Apply(row, lastN is { } n && n < row.History.Length ? row.History[^n..] : row.History, penalty);
    }

    public static void Apply(LogitsRow row, ReadOnlySpan<int> ids, float penalty)
    {
        row.NewSet();
        foreach (int id in ids)
        {
            if (row.Add(id) > 1)
                continue;
            float logit = row.Values[id];
            row.Values[id] = logit < 0 ? logit * penalty : logit / penalty;
        }
    }
}
