namespace Seriatim.Models;

/// <summary>
/// The original Transformer's encoder with batch norms in place of layer norms, under the names of <c>torch.nn</c>: what shows
/// why layer norm was chosen (Shen et al., 2020: PowerNorm, section 3).
/// </summary>
internal sealed class BatchNormEncoderArchitecture : Architecture
{
    public override string ModelType => "batchnorm_encoder";

    public override IReadOnlyList<string> ClassNames => ["batchnorm_encoder"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        int heads = config.Size("num_attention_heads");
        int vocabulary = config.Size("vocab_size");
        int positions = config.Size("max_position_embeddings");
        config.Only("norm_first", false);
        var norm = new NormSpec(NormKind.Batch, (float)config.Number(1e-5, "norm_eps"), Bias: true)
        {
            Momentum = CommonKeys.BatchNormMomentum(config),
        };
        var feedForward = new FeedForwardSpec.Dense(
            config.Size("intermediate_size"), CommonKeys.ReadActivation(config, "relu", "activation"), Bias: true);
        var layer = new LayerSpec(Placement.Post, norm,
            CommonKeys.MultiHead(heads, CommonKeys.HeadDim(config, width, heads), bias: true), feedForward);
        var stack = new StackSpec(vocabulary, width, Visibility.Full,
            CommonKeys.Layers(config, config.Size("num_hidden_layers"), _ => layer))
        {
            Position = new PositionSpec.Learned(positions, 0),
        };
        return new ModelSpec(ModelType, ModelTask.MaskedLanguageModel, stack, null, new HeadSpec(vocabulary) { Bias = true },
            positions);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "embed" },
            { "encoder.positions", "positions" },
            { "encoder.layers.*.norm1", "layers.*.norm1" },
            { "encoder.layers.*.attention.o", "layers.*.self_attn.out_proj" },
            { "encoder.layers.*.norm2", "layers.*.norm2" },
            { "encoder.layers.*.mlp.up", "layers.*.linear1" },
            { "encoder.layers.*.mlp.down", "layers.*.linear2" },
            { "head", "output" },
        };
        int width = spec.Encoder!.Width;
        foreach ((int i, string part) in (ReadOnlySpan<(int, string)>)[(0, "q"), (1, "k"), (2, "v")])
        {
            foreach (string ending in (ReadOnlySpan<string>)["weight", "bias"])
            {
                names.Add($"encoder.layers.*.attention.{part}.{ending}", new TensorPlace(
                    $"layers.*.self_attn.in_proj_{ending}", Rows: RowPattern.Run(i * width, width, 3 * width)));
            }
        }

        return names.Waive("with a momentum the running statistics do not ask how many batches there were",
            "layers.*.num_batches_tracked");
    }
}
