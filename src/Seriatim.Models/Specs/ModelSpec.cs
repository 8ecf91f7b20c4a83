namespace Seriatim.Models;

/// <summary>All that is needed to build a model but its weights.</summary>
/// <param name="Family">The <c>model_type</c> of configs.</param>
/// <param name="Task">What the logits mean.</param>
/// <param name="Encoder">The encoder, or null.</param>
/// <param name="Decoder">The decoder, or null; one of both at least.</param>
/// <param name="Head">What makes logits of the last stack's rows.</param>
/// <param name="Context">Most positions of a sequence; <see cref="int.MaxValue"/> where nothing limits it.</param>
public sealed record ModelSpec(
    string Family, ModelTask Task, StackSpec? Encoder, StackSpec? Decoder, HeadSpec Head, int Context)
{
    /// <summary>Dropout that the config asks for in training.</summary>
    public DropoutRates Dropout { get; init; } = DropoutRates.None;

    /// <summary>Whether encoder and decoder use one token embedding.</summary>
    public bool SharedEmbedding { get; init; }

    /// <summary>
    /// <see cref="ModelTask.MaskedTranslation"/>: how targets are begun and refined; null for other tasks.
    /// </summary>
    public MaskPredictSpec? MaskPredict { get; init; }

    /// <summary>Whether it turns texts into texts: an encoder's output is what its decoder reads.</summary>
    public bool IsEncoderDecoder => Encoder is not null && Decoder is not null;

    /// <summary>
    /// Whether some norm is a batch norm: rows then depend on their batch in training, and only there.
    /// </summary>
    public bool HasBatchNorms => Has(Encoder) || Has(Decoder);

    private static bool Has(StackSpec? stack) => stack is not null && stack.Layers.Select(layer => layer.Norm)
        .Append(stack.EmbeddingNorm).Append(stack.FinalNorm).Any(norm => norm is { Kind: NormKind.Batch });

    /// <summary>The stack whose rows the head reads.</summary>
    public StackSpec Last => Decoder ?? Encoder ?? throw new InvalidOperationException($"The {Family} model has no stack.");
}
