namespace Seriatim.Models;

/// <summary>GPT-2 (Radford et al., 2019). Its matrices lie as [in, out], queries, keys and values side by side.</summary>
internal sealed class Gpt2Architecture : Architecture
{
    public override string ModelType => "gpt2";

    public override IReadOnlyList<string> ClassNames => ["GPT2LMHeadModel"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gpt2",
        Keys =
        [
            new("context_length", "n_positions"), new("embedding_length", "n_embd"), new("block_count", "n_layer"),
            new GgufKey("feed_forward_length", "n_inner").Optional, new("attention.head_count", "n_head"),
            new("attention.layer_norm_epsilon", "layer_norm_epsilon", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Names = spec =>
        {
            int width = spec.Decoder!.Width;
            NameTable names = GgufMap.WithFused(GgufMap.CommonNames(spec), width, width);
            names.Add("positions", "position_embd");
            return names;
        },
        Read = config => config.Only("attention.head_count_kv", config.Required("attention.head_count"), "the number of heads"),
        Write = export =>
        {
            bool plain = export.Spec.Decoder!.Layers.All(l => l.Mixer is MixerSpec.Attention a
                && a.Scale == (float)(1 / Math.Sqrt(a.HeadDim)));
            export.Require(plain, "scale_attn_by_inverse_layer_idx", "GGUF files of gpt2 have no key for it");
            export.RequireActivation(Activation.GeluTanh);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("n_embd", "hidden_size");
        int heads = config.Size("n_head", "num_attention_heads");
        int headDim = CommonKeys.HeadDim(config, width, heads);
        int positions = config.Size("n_positions", "max_position_embeddings", "n_ctx");
        int vocabulary = config.Size("vocab_size");
        double scale = config.Flag(true, "scale_attn_weights") ? 1 / Math.Sqrt(headDim) : 1;
        bool byLayer = config.Flag(false, "scale_attn_by_inverse_layer_idx");
        config.Waive("attention is computed in F32 anyway", "reorder_and_upcast_attn");
        config.Waive("a head of another task",
            "summary_activation", "summary_first_dropout", "summary_proj_to_labels", "summary_type", "summary_use_proj");

        var norm = new NormSpec(NormKind.Layer, (float)config.Number(1e-5, "layer_norm_epsilon"), Bias: true);
        var feedForward = new FeedForwardSpec.Dense(config.SizeOrNull("n_inner") ?? 4 * width,
            CommonKeys.ReadActivation(config, "gelu_new", "activation_function"), Bias: true);
        LayerSpec[] layers = CommonKeys.Layers(config, config.Size("n_layer", "num_hidden_layers"), i => new LayerSpec(
            Placement.Pre, norm,
            CommonKeys.MultiHead(heads, headDim, bias: true) with { Scale = (float)(byLayer ? scale / (i + 1) : scale) },
            feedForward));
        var stack = new StackSpec(vocabulary, width, Visibility.Causal, layers)
        {
            Position = new PositionSpec.Learned(positions, Offset: 0),
            FinalNorm = norm,
        };
        var head = new HeadSpec(vocabulary) { Tied = config.Flag(true, "tie_word_embeddings") };
        return new ModelSpec(ModelType, ModelTask.CausalLanguageModel, null, stack, head, positions)
        {
            Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attn_pdrop"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        int width = spec.Decoder!.Width;
        TensorPlace Part(int part) =>
            new("transformer.h.*.attn.c_attn", Transposed: true, RowPattern.Run(part * width, width, 3 * width));
        var names = new NameTable
        {
            { "embed", "transformer.wte" },
            { "positions", "transformer.wpe" },
            { "layers.*.norm1", "transformer.h.*.ln_1" },
            { "layers.*.attention.q", Part(0) },
            { "layers.*.attention.k", Part(1) },
            { "layers.*.attention.v", Part(2) },
            { "layers.*.attention.o", new TensorPlace("transformer.h.*.attn.c_proj", Transposed: true) },
            { "layers.*.norm2", "transformer.h.*.ln_2" },
            { "layers.*.mlp.up", new TensorPlace("transformer.h.*.mlp.c_fc", Transposed: true) },
            { "layers.*.mlp.down", new TensorPlace("transformer.h.*.mlp.c_proj", Transposed: true) },
            { "norm", "transformer.ln_f" },
            { "head", "lm_head" },
        };
        if (spec.Head.Tied)
            names.Waive(NameTable.TiedCopy, "lm_head.weight");
        names.Waive("causal masks that early files store", "transformer.h.*.attn.bias", "transformer.h.*.attn.masked_bias");
        return names.WithOptionalPrefix("transformer.");
    }
}
