namespace Seriatim.Models;

/// <summary>
/// Linformer (Wang et al., 2020) as the code of lucidrains has it: norms before the layers, none after the last one, learned
/// positions, a head of its own. Rows see both sides, so it is a masked language model.
/// </summary>
internal sealed class LinformerArchitecture : Architecture
{
    public override string ModelType => "linformer";

    public override IReadOnlyList<string> ClassNames => ["LinformerLM"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("dim");
        int heads = config.Size("heads");
        int headDim = config.SizeOrNull("dim_head") ?? CommonKeys.HeadDim(config, width, heads);
        int length = config.Size("seq_len");
        int vocabulary = config.Size("num_tokens");
        int rank = config.SizeOrNull("k") ?? 256;
        config.Product("heads", heads, headDim, "dim_head");
        config.Product("seq_len", length, rank, "k");
        config.Only("reversible", false);

        var norm = new NormSpec(NormKind.Layer, 1e-5f, Bias: true);
        var attention = new MixerSpec.LowRank(heads, headDim, (float)(1 / Math.Sqrt(headDim)), length, rank)
        {
            SharesKeys = config.Flag(false, "share_kv"),
            OneKeyHead = config.Flag(false, "one_kv_head"),
        };
        var layer = new LayerSpec(
            Placement.Pre, norm, attention, new FeedForwardSpec.Dense(4 * width, Activation.Gelu, Bias: true));
        var stack = new StackSpec(vocabulary, width, Visibility.Full, CommonKeys.Layers(config, config.Size("depth"), _ => layer))
        {
            Position = new PositionSpec.Learned(length, 0),
        };
        var head = new HeadSpec(vocabulary) { Bias = true };
        return new ModelSpec(ModelType, ModelTask.MaskedLanguageModel, stack, null, head, length)
        {
            Dropout = config.Dropout(attention: "dropout", activation: "dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Layer = "linformer.net.layers.*";
        return new NameTable
        {
            { "embed", "token_emb" },
            { "encoder.positions", "pos_emb" },
            { "encoder.layers.*.norm1", $"{Layer}.0.norm" },
            { "encoder.layers.*.attention.q", $"{Layer}.0.fn.to_q" },
            { "encoder.layers.*.attention.k", $"{Layer}.0.fn.to_k" },
            { "encoder.layers.*.attention.v", $"{Layer}.0.fn.to_v" },
            { "encoder.layers.*.attention.project_k.weight", $"{Layer}.0.fn.proj_k" },
            { "encoder.layers.*.attention.project_v.weight", $"{Layer}.0.fn.proj_v" },
            { "encoder.layers.*.attention.o", $"{Layer}.0.fn.to_out" },
            { "encoder.layers.*.norm2", $"{Layer}.1.norm" },
            { "encoder.layers.*.mlp.up", $"{Layer}.1.fn.w1" },
            { "encoder.layers.*.mlp.down", $"{Layer}.1.fn.w2" },
            { "head", "to_logits" },
        };
    }
}
