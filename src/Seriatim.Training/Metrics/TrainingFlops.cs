namespace Seriatim.Training;

/// <summary>
/// The floating-point operations that a training step needs by the shape of the model: <c>6 · (weights of its matrices) · rows +
/// 12 · H · D · (pairs of query and key)</c> a layer, two operations a multiply-add, the backward pass counted twice the forward
/// pass (Kaplan et al., 2020; Chowdhery et al., 2022, appendix B).
/// </summary>
/// <remarks>
/// Encoder and decoder are counted with their own rows; the head with the rows that have a label; a lookup in an embedding costs
/// nothing; causal attention has n (n + 1) / 2 pairs, a window fewer, and a recurrence one product a feature and row; of the
/// experts those chosen count. What a pass computes a second time to save memory does not count, and neither do norms,
/// activations and the optimizer.
/// </remarks>
/// <param name="spec">The shape of the model.</param>
public sealed class TrainingFlops(ModelSpec spec)
{
    private readonly double _head = spec.Head.Outputs * (double)spec.Last.OutputWidth
        + (spec.Head.Transform is null ? 0 : (double)spec.Last.EmbeddingWidth * spec.Last.EmbeddingWidth);

    /// <summary>Operations of the forward and the backward pass over a batch.</summary>
    /// <param name="batch">Rows and labels.</param>
    public double Of(TrainingBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        double forward = 2 * _head * batch.Labels.Length + Stack(spec.Last, batch.Rows);
        if (batch.Source is { } source && spec.Encoder is { } encoder)
            forward += Stack(encoder, source) + 2.0 * source.Rows * encoder.Width * CrossKeys();
        return 3 * forward;
    }

    private static double Stack(StackSpec stack, RaggedBatch batch)
    {
        double perRow = stack.EmbeddingWidth == stack.Width || !stack.ProjectsEmbedding
            ? 0
            : 2.0 * stack.Width * stack.EmbeddingWidth;
        double mixing = 0;
        for (int number = 0; number < stack.Layers.Count; number++)
        {
            LayerSpec layer = stack.Layers[number];
            perRow += layer.FeedForward is { } inner ? FeedForward(inner, stack.Width) : 0;
            perRow += layer.Mixer.LinearProducts(stack.InputWidth(number));
            mixing += batch.Segments.Sum(layer.Mixer.MixingProducts);

            if (layer.Cross is { } cross)
            {
                perRow += 2.0 * stack.Width * cross.HeadDim * cross.Heads;
                mixing += 2.0 * cross.Heads * cross.HeadDim * batch.Segments.Sum(s => (double)s.Rows * (s.Encoder?.Rows ?? 0));
            }
        }

        return 2 * perRow * batch.Rows + 2 * mixing;
    }

    /// <summary>Keys and values of the decoder's cross-attention are made of the encoder's rows.</summary>
    private double CrossKeys() =>
        spec.Decoder!.Layers.Sum(l => l.Cross is { } cross ? 2.0 * cross.HeadDim * cross.KeyValueHeads : 0);

    private static double FeedForward(FeedForwardSpec spec, int width) => spec switch
    {
        FeedForwardSpec.Dense dense => 2.0 * width * dense.Width,
        FeedForwardSpec.Gated gated => 3.0 * width * gated.Width,
        FeedForwardSpec.Experts experts => (double)experts.Count * width + experts.PerToken * FeedForward(experts.Expert, width),
        _ => throw new NotSupportedException($"The operations of {spec} are not counted."),
    };
}
