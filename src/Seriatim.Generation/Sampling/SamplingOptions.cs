namespace Seriatim.Generation;

/// <summary>
/// How the next token is chosen from the logits. The defaults sample from the model's own distribution. Names and semantics are
/// those of Hugging Face and llama.cpp; the order is constraints, penalties, then <see cref="Order"/>.
/// </summary>
public sealed record SamplingOptions
{
    /// <summary>The most probable token, always (ties: the smaller id).</summary>
    public static SamplingOptions Greedy { get; } = new() { Temperature = 0 };

    /// <summary>Logits are divided by it; 0: the most probable token. 0 or more.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Temperature by entropy; null: off.</summary>
    public DynamicTemperature? DynamicTemperature { get; init; }

    /// <summary>Only the k most probable tokens; 0: off.</summary>
    public int TopK { get; init; }

    /// <summary>Only the most probable tokens that together reach this probability; 1: off.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Only tokens with at least this part of the highest probability; 0: off.</summary>
    public float MinP { get; init; }

    /// <summary>
    /// Only the tokens nearest to the expected surprise that together reach this probability (Meister et al., 2022); 1: off.
    /// </summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>Only tokens with at least this probability (Hewitt et al., 2022); 0: off.</summary>
    public float EpsilonCutoff { get; init; }

    /// <summary>Only tokens with at least min(η, √η · e^-entropy) (Hewitt et al., 2022); 0: off.</summary>
    public float EtaCutoff { get; init; }

    /// <summary>Only tokens whose logit is at most n standard deviations below the highest (Tang et al., 2024); 0: off.</summary>
    public float TopNSigma { get; init; }

    /// <summary>Exclude top choices; null: off.</summary>
    public XtcOptions? Xtc { get; init; }

    /// <summary>Mirostat 2; null: off.</summary>
    public MirostatOptions? Mirostat { get; init; }

    /// <summary>Penalties for repetition.</summary>
    public PenaltyOptions Penalties { get; init; } = new();

    /// <summary>Tokens that are favoured, forbidden or prescribed.</summary>
    public TokenConstraints Constraints { get; init; } = new();

    /// <summary>Where temperature stands among the truncations.</summary>
    public SamplerOrder Order { get; init; }

    /// <summary>Whether any truncation, or a temperature other than 1, is set.</summary>
    internal bool HasWarpers =>
        Temperature != 1 || DynamicTemperature is not null || Mirostat is not null || HasTruncation;

    internal bool HasTruncation => TruncationOrders.HuggingFace.Any(truncation => truncation.IsSet(this));
}
