namespace Seriatim.Models;

/// <summary>What turns hidden rows into logits: <c>cap(linear(scale · transform(x)))</c>.</summary>
/// <param name="Outputs">Vocabulary or number of classes; 0: there is no head.</param>
public sealed record HeadSpec(int Outputs)
{
    /// <summary>Whether there is no head: rows are embeddings, and nothing makes logits of them.</summary>
    public bool IsMissing => Outputs == 0;

    /// <summary>Whether the matrix is that of the token embedding.</summary>
    public bool Tied { get; init; }

    /// <summary>Whether the linear layer has a trained bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Whether a stored constant <c>[1, V]</c> is added to the logits (<c>final_logits_bias</c> of BART).</summary>
    public bool ConstantBias { get; init; }

    /// <summary>Factor of the rows before the linear layer.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>If above 0, logits are soft-capped (Gemma 2).</summary>
    public float SoftCap { get; init; }

    /// <summary>What the head reads.</summary>
    public HeadPooling Pooling { get; init; }

    /// <summary>A dense layer before the linear one (masked-LM heads, poolers); null for none.</summary>
    public HeadTransformSpec? Transform { get; init; }
}
