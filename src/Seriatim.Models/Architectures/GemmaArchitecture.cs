namespace Seriatim.Models;

/// <summary>Gemma (Gemma Team, 2024): llama with factors of norms of 1 + w, a tanh GELU and scaled embeddings.</summary>
internal sealed class GemmaArchitecture : Architecture
{
    public override string ModelType => "gemma";

    public override IReadOnlyList<string> ClassNames => ["GemmaForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 256000, "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28,
        "num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 256, "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-6}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gemma",
        Keys = GgufMap.LlamaKeys,
        Names = spec =>
        {
            NameTable names = GgufMap.LlamaNames(spec, turned: false);
            foreach ((string path, string name) in (ReadOnlySpan<(string, string)>)[("layers.*.norm1", "blk.*.attn_norm"),
                ("layers.*.norm2", "blk.*.ffn_norm"), ("norm", "output_norm")])
            {
                names.Replace(path, new TensorPlace(name, Form: new ValueForm.Plus(1)));
            }

            return names;
        },
        Read = config => LlamaFamily.ReadGguf(config),
        Write = export =>
        {
            GemmaFamily.RequireGguf(export);
            LlamaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "attention_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 256);
        var layer = new LayerSpec(Placement.Pre, LlamaFamily.Norm(config, offset: 1),
            attention with { InputBias = bias, OutputBias = bias }, GemmaFamily.FeedForward(config));
        return GemmaFamily.WithScale(LlamaFamily.Model(config, ModelType, width, context, _ => layer));
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
