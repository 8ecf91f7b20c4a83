namespace Seriatim.Models;

/// <summary>
/// Gemma 2 (Gemma Team, 2024): norms before and after each part that multiply by 1 + w, soft-capped scores and logits, a window
/// on every second layer, embeddings scaled by sqrt(E).
/// </summary>
internal sealed class Gemma2Architecture : Architecture
{
    public override string ModelType => "gemma2";

    public override IReadOnlyList<string> ClassNames => ["Gemma2ForCausalLM"];

    /// <summary>
    /// Layers of the one model whose scores are scaled by the width over the heads; the format has no key for it.
    /// </summary>
    private const int LayersOfTheLargest = 46;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gemma2",
        Keys =
        [
            .. GgufMap.LlamaKeys,
            GgufMap.Window,
            new GgufKey("attn_logit_softcapping", "attn_logit_softcapping", GgufKind.Number).Optional,
            new GgufKey("final_logit_softcapping", "final_logit_softcapping", GgufKind.Number).Optional,
        ],
        Names = GgufNames,
        Read = config =>
        {
            // Files of the first weeks say none of these; readers take the values of the published models.
            config.CopyWindow(otherwise: 4096);
            config.Json.TryAdd("sliding_window", null);
            config.Json.TryAdd("attn_logit_softcapping", 50.0);
            config.Json.TryAdd("final_logit_softcapping", 30.0);
            config.Only("attention.sliding_window_pattern", 2, "every second layer");
            int headDim = LlamaFamily.ReadGguf(config);
            int heads = config.Required("attention.head_count");
            config.Json["query_pre_attn_scalar"] = Scalar(
                config.Required("block_count"), config.Required("embedding_length"), heads, headDim);
        },
        Write = export =>
        {
            MixerSpec.Attention attention = export.Spec.Decoder!.AgreedAttention();
            int scalar = Scalar(export.Spec.Decoder!.Layers.Count, export.Spec.Decoder!.Width, attention.Heads,
                attention.HeadDim);
            export.Require(attention.Scale == (float)(1 / Math.Sqrt(scalar)), "query_pre_attn_scalar",
                $"GGUF files of gemma2 have no key for it; readers take {scalar}");
            export.Require(export.Spec.Head.Tied, "tie_word_embeddings",
                "GGUF files of gemma2 have no output tensor; readers take the embedding");
            export.Require(attention.SoftCap > 0, "attn_logit_softcapping", "readers of gemma2 files cap scores always");
            export.Require(export.Spec.Head.SoftCap > 0, "final_logit_softcapping", "readers of gemma2 files cap logits always");
            export.SetDefault("attention.sliding_window", (uint)export.Spec.Context);
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        int layers = config.Size("num_hidden_layers");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 256);
        attention = attention with
        {
            InputBias = bias,
            OutputBias = bias,
            Scale = (float)(1 / Math.Sqrt(config.Number(256, "query_pre_attn_scalar"))),
            SoftCap = (float)(config.NumberOrNone(50, "attn_logit_softcapping") ?? 0),
        };
        int window = config.SizeOrNone(4096, "sliding_window") ?? 0;
        string[]? kinds = LayerKinds.Read(config, layers, LayerKinds.Sliding, LayerKinds.Full);
        NormSpec norm = LlamaFamily.Norm(config, offset: 1);
        FeedForwardSpec feedForward = GemmaFamily.FeedForward(config);
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, i => new LayerSpec(Placement.Sandwich, norm,
            attention with { Window = (kinds is null ? i % 2 == 0 : kinds[i] == LayerKinds.Sliding) ? window : 0 }, feedForward));
        return spec with
        {
            Decoder = spec.Decoder! with { EmbeddingScale = MathF.Sqrt(width) },
            Head = spec.Head with { SoftCap = (float)(config.NumberOrNone(30, "final_logit_softcapping") ?? 0) },
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", "model.layers.*.input_layernorm" },
            { "layers.*.attention.q", "model.layers.*.self_attn.q_proj" },
            { "layers.*.attention.k", "model.layers.*.self_attn.k_proj" },
            { "layers.*.attention.v", "model.layers.*.self_attn.v_proj" },
            { "layers.*.attention.o", "model.layers.*.self_attn.o_proj" },
            { "layers.*.after1", "model.layers.*.post_attention_layernorm" },
            { "layers.*.norm2", "model.layers.*.pre_feedforward_layernorm" },
            { "layers.*.mlp.gate", "model.layers.*.mlp.gate_proj" },
            { "layers.*.mlp.up", "model.layers.*.mlp.up_proj" },
            { "layers.*.mlp.down", "model.layers.*.mlp.down_proj" },
            { "layers.*.after2", "model.layers.*.post_feedforward_layernorm" },
            { "norm", "model.norm" },
            { "head", "lm_head" },
        };
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    private static int Scalar(int layers, int width, int heads, int headDim) =>
        layers == LayersOfTheLargest ? width / heads : headDim;

    private static NameTable GgufNames(ModelSpec spec)
    {
        TensorPlace Norm(string name) => new(name, Form: new ValueForm.Plus(1));
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", Norm("blk.*.attn_norm") },
            { "layers.*.attention.q", "blk.*.attn_q" },
            { "layers.*.attention.k", "blk.*.attn_k" },
            { "layers.*.attention.v", "blk.*.attn_v" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.after1", Norm("blk.*.post_attention_norm") },
            { "layers.*.norm2", Norm("blk.*.ffn_norm") },
            { "layers.*.mlp.gate", "blk.*.ffn_gate" },
            { "layers.*.mlp.up", "blk.*.ffn_up" },
            { "layers.*.mlp.down", "blk.*.ffn_down" },
            { "layers.*.after2", Norm("blk.*.post_ffw_norm") },
            { "norm", Norm("output_norm") },
            { "head", "output" },
        };
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }
}
