namespace Seriatim.Models;

/// <summary>
/// StableLM (Stability AI, 2023): llama with layer norms, of which a part of each head turns; in one size both parts read one
/// norm.
/// </summary>
internal sealed class StableLmArchitecture : Architecture
{
    public override string ModelType => "stablelm";

    public override IReadOnlyList<string> ClassNames => ["StableLmForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "stablelm",
        Keys =
        [
            .. GgufMap.LayerNormKeys("layer_norm_eps"),
            new GgufKey("use_parallel_residual", "use_parallel_residual", GgufKind.Flag).Optional,
        ],
        Names = spec => CohereArchitecture.WithHeadNorms(
            GgufMap.LlamaNames(spec, turned: false), spec, "blk.*.attn_q_norm", "blk.*.attn_k_norm"),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config, partial: true);
            config.Json.TryAdd("partial_rotary_factor", 1.0);

            // Readers go by the tensors: a file may say that both parts are parallel and have norms for both.
            config.Json["use_parallel_residual"] = !config.Has("blk.0.ffn_norm.weight");
            config.Json["use_qkv_bias"] = config.Has("blk.0.attn_q.bias");
            config.Json["qk_layernorm"] = config.Has("blk.0.attn_q_norm.weight");
        },
        Write = export => LlamaFamily.WriteGguf(export, export.Spec.Decoder!.AgreedAttention(), partial: true),
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width,
            rope: keys => keys with { DefaultPart = 0.25 });
        NormSpec norm = LlamaFamily.LayerNorm(config, "layer_norm_eps");
        if (config.Flag(false, "qk_layernorm"))
            attention = attention with { HeadNorm = new HeadNormSpec(norm with { Bias = false }, HeadNormOver.EachHead) };
        var layer = new LayerSpec(config.Flag(false, "use_parallel_residual") ? Placement.ParallelOfOne : Placement.Pre, norm,
            attention with { InputBias = config.Flag(false, "use_qkv_bias") }, LlamaFamily.FeedForward(config));
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, _ => layer, tied: false);
        return spec with { Dropout = config.Dropout(residual: "hidden_dropout", attention: "attention_dropout") };
    }

    /// <summary>The factors of each head are a tensor of their own.</summary>
    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = LlamaFamily.Names(spec);
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        foreach ((string part, int heads) in (ReadOnlySpan<(string, int)>)[("q", attention.Heads),
            ("k", attention.KeyValueHeads)])
        {
            names.Replace($"layers.*.attention.{part}_norm",
                new TensorPlace($"model.layers.*.self_attn.{part}_layernorm.norms.#") { Pieces = heads });
        }

        return names;
    }
}
