namespace Seriatim.Lab;

/// <summary>Multiply-adds of one row of a model; of an encoder-decoder, of its decoder.</summary>
/// <param name="MultiplyAdds">Of the matrices, the head's among them.</param>
/// <param name="WithoutHead">Of the matrices of the layers.</param>
/// <param name="AttentionWidth">Of the scores and the sums over values: so many for each key that is seen.</param>
internal sealed record ModelWork(double MultiplyAdds, double WithoutHead, double AttentionWidth)
{
    /// <summary>Multiply-adds of attention for so many keys.</summary>
    public double Attention(double keys) => AttentionWidth * keys;

    /// <summary>What a model needs. Experts count as far as a row goes to them.</summary>
    public static ModelWork Of(Model model)
    {
        StackSpec stack = model.Spec.Last;
        string prefix = model.Spec switch
        {
            { Encoder: null } => "layers.",
            { Decoder: null } => "encoder.layers.",
            _ => "decoder.layers.",
        };
        double layers = model.Parameters.Where(p => p.Path.StartsWith(prefix, StringComparison.Ordinal) && !p.IsVector)
            .Sum(p => Share(p.Path) * p.Parameter.Rows * p.Parameter.Columns)
            + model.Matrices.Zip(model.MatrixPaths).Where(m => m.Second.StartsWith(prefix, StringComparison.Ordinal))
                .Sum(m => Share(m.Second) * m.First.Rows * m.First.Columns);
        double attention = stack.Layers.Select(layer => layer.Mixer).OfType<MixerSpec.Attention>()
            .Sum(mixer => 2.0 * mixer.Heads * mixer.HeadDim);
        return new ModelWork(layers + (double)stack.Vocabulary * stack.OutputWidth, layers, attention);

        double Share(string path) => path.Contains(".experts.", StringComparison.Ordinal)
            && stack.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().FirstOrDefault() is { } experts
                ? (double)experts.PerToken / experts.Count : 1;
    }
}
