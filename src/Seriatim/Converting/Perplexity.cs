using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How well a language model foresees a text.</summary>
internal static class Perplexity
{
    /// <summary>
    /// <c>exp</c> of the mean loss of a text, cut into pieces of <paramref name="window"/> tokens; each token but the first of
    /// its piece is foreseen from all tokens before it in the piece.
    /// </summary>
    /// <param name="model">A decoder.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="ops">The device.</param>
    /// <param name="text">The text.</param>
    /// <param name="window">Tokens of a piece, at least 2; the context if that is shorter.</param>
    /// <exception cref="ArgumentException">The text has fewer than two tokens.</exception>
    /// <exception cref="ModelTaskException">The model is no decoder.</exception>
    public static double Of(Model model, Tokenizer tokenizer, IOps ops, string text, int window = 512)
    {
        if (model.Spec.Task != ModelTask.CausalLanguageModel)
        {
            throw new ModelTaskException(
                $"Perplexity is that of language models; this {model.Spec.Family} model is made for {model.Spec.Task}.");
        }
        int[] tokens = tokenizer.Encode(text);
        if (tokens.Length < 2)
            throw new ArgumentException($"The text has {tokens.Length} tokens; at least 2 are needed.", nameof(text));
        double loss = 0;
        int counted = 0;
        foreach (int[] piece in tokens.Chunk(Math.Min(window, model.Spec.Context)).Where(p => p.Length > 1))
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add(piece, outputs: Outputs.All).Build();
            using Tensor hidden = model.Forward(ops, batch);
            int[] labels = [.. piece[1..], -100];
            using Tensor sum = model.Loss(ops, hidden, labels, new CrossEntropyOptions(Reduction: LossReduction.Sum));
            loss += sum.Read().Values[0];
            counted += piece.Length - 1;
        }

        return Math.Exp(loss / counted);
    }
}
