namespace Seriatim.Models;

/// <summary>Phi-3 (Abdin et al., 2024): llama with fused projections and longrope.</summary>
internal sealed class Phi3Architecture : Architecture
{
    public override string ModelType => "phi3";

    public override IReadOnlyList<string> ClassNames => ["Phi3ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "phi3",
        Keys =
        [
            .. GgufMap.LlamaKeys,
            GgufMap.Window,
            new GgufKey("rope.scaling.original_context_length", "original_max_position_embeddings").Optional,
        ],
        Names = spec =>
        {
            MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
            int inner = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Width;
            NameTable names = GgufMap.WithFused(GgufMap.CommonNames(spec, upDown: false),
                attention.Heads * attention.HeadDim, attention.KeyValueHeads * attention.HeadDim);
            names.Add("layers.*.mlp.gate", new TensorPlace("blk.*.ffn_up", Rows: RowPattern.Run(0, inner, 2 * inner)));
            names.Add("layers.*.mlp.up", new TensorPlace("blk.*.ffn_up", Rows: RowPattern.Run(inner, inner, 2 * inner)));
            names.Add("layers.*.mlp.down", "blk.*.ffn_down");
            return names.Waive("read with the metadata", "rope_factors_long.weight", "rope_factors_short.weight");
        },
        Read = config =>
        {
            config.CopyWindow();
            LlamaFamily.ReadGguf(config, partial: true);
        },
        Write = LlamaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width);
        attention = attention with { Window = LlamaFamily.Window(config) };
        config.Only("attention_bias", false);
        config.WaiveAt("every layer is an attention layer of full width", "1", "full_attn_mod", "interpolate_factor");
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config), attention, LlamaFamily.FeedForward(config));
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
        return spec with { Dropout = config.Dropout("embd_pdrop", "resid_pdrop", "attention_dropout") };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        int inner = spec.Decoder!.AgreedFeedForward<FeedForwardSpec.Gated>().Width;
        int queries = attention.Heads * attention.HeadDim;
        int keys = attention.KeyValueHeads * attention.HeadDim;
        int qkv = queries + 2 * keys;
        const string Qkv = "model.layers.*.self_attn.qkv_proj";
        const string GateUp = "model.layers.*.mlp.gate_up_proj";
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", "model.layers.*.input_layernorm" },
            { "layers.*.attention.q", new TensorPlace(Qkv, Rows: RowPattern.Run(0, queries, qkv)) },
            { "layers.*.attention.k", new TensorPlace(Qkv, Rows: RowPattern.Run(queries, keys, qkv)) },
            { "layers.*.attention.v", new TensorPlace(Qkv, Rows: RowPattern.Run(queries + keys, keys, qkv)) },
            { "layers.*.attention.o", "model.layers.*.self_attn.o_proj" },
            { "layers.*.norm2", "model.layers.*.post_attention_layernorm" },
            { "layers.*.mlp.gate", new TensorPlace(GateUp, Rows: RowPattern.Run(0, inner, 2 * inner)) },
            { "layers.*.mlp.up", new TensorPlace(GateUp, Rows: RowPattern.Run(inner, inner, 2 * inner)) },
            { "layers.*.mlp.down", "model.layers.*.mlp.down_proj" },
            { "norm", "model.norm" },
            { "head", "lm_head" },
        };
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }
}
