namespace Seriatim.Generation;

/// <summary>Penalties for repetition. The defaults change nothing.</summary>
public sealed record PenaltyOptions
{
    /// <summary>
    /// Each distinct id in prompt or output: a positive logit is divided, a negative one multiplied (Keskar et al., 2019). Above
    /// 0.
    /// </summary>
    public float Repetition { get; init; } = 1;

    /// <summary>The same for the ids of the encoder's input, with 1/penalty: above 1 favours them. Above 0.</summary>
    public float EncoderRepetition { get; init; } = 1;

    /// <summary>Taken from the logit of each id in the output, -2 to 2 (OpenAI).</summary>
    public float Presence { get; init; }

    /// <summary>Taken from the logit of an id in the output as often as it is there, -2 to 2 (OpenAI).</summary>
    public float Frequency { get; init; }

    /// <summary>
    /// Only the last n tokens count for the three penalties above (llama.cpp: <c>repeat_last_n</c>); null: all.
    /// </summary>
    public int? LastN { get; init; }

    /// <summary>No n-gram of this size comes twice in prompt and output; 0: off.</summary>
    public int NoRepeatNgramSize { get; init; }

    /// <summary>The growing penalty for repetitions; null: off.</summary>
    public DryOptions? Dry { get; init; }
}
