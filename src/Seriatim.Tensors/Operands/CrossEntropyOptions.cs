namespace Seriatim.Tensors;

/// <summary>How the losses of rows become one value.</summary>
public enum LossReduction
{
    /// <summary>Mean over the rows that are not ignored.</summary>
    Mean,

    /// <summary>Sum over the rows that are not ignored.</summary>
    Sum,

    /// <summary>One loss a row; 0 where ignored.</summary>
    None,
}

/// <summary>Options of the cross-entropy op.</summary>
/// <param name="LabelSmoothing">
/// Share ε of the target spread over the whole vocabulary: <c>(1-ε)·nll + ε·mean(-log p)</c>.
/// </param>
/// <param name="IgnoreLabel">Rows with this label count nothing.</param>
/// <param name="Reduction">What is returned.</param>
/// <param name="SoftCap">If above 0, logits become <c>cap · tanh(logit / cap)</c> first (Gemma 2).</param>
public sealed record CrossEntropyOptions(
    float LabelSmoothing = 0, int IgnoreLabel = -100, LossReduction Reduction = LossReduction.Mean, float SoftCap = 0);
