namespace Seriatim.Models;

/// <summary>Command R (Cohere, 2024): both parts read one layer norm, heads may be normed each with factors of its own.</summary>
internal sealed class CohereArchitecture : Architecture
{
    public override string ModelType => "cohere";

    public override IReadOnlyList<string> ClassNames => ["CohereForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "command-r",
        Keys = CohereFamily.Keys,
        Names = spec => WithHeadNorms(GgufMap.LlamaNames(spec, turned: false), spec, "blk.*.attn_q_norm", "blk.*.attn_k_norm"),
        Read = config =>
        {
            CohereFamily.ReadGguf(config);
            config.Json["use_qk_norm"] = config.Has("blk.0.attn_q_norm.weight");
        },
        Write = export => CohereFamily.WriteGguf(export, export.Spec.Decoder!.AgreedAttention()),
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        (MixerSpec.Attention attention, int context) = CohereFamily.Attention(config, width);
        if (config.Flag(false, "use_qk_norm"))
            attention = attention with { HeadNorm = new HeadNormSpec(CohereFamily.Norm(config), HeadNormOver.EachHead) };
        return CohereFamily.Model(config, ModelType, width, context, _ => attention);
    }

    public override NameTable TensorNames(ModelSpec spec) => WithHeadNorms(CohereFamily.Names(spec), spec,
        "model.layers.*.self_attn.q_norm", "model.layers.*.self_attn.k_norm");

    /// <summary>The factors of each head are rows of a matrix in files.</summary>
    internal static NameTable WithHeadNorms(NameTable names, ModelSpec spec, string q, string k)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        names.Replace("layers.*.attention.q_norm", new TensorPlace(q) { Shape = [attention.Heads, attention.HeadDim] });
        names.Replace("layers.*.attention.k_norm", new TensorPlace(k) { Shape = [attention.KeyValueHeads, attention.HeadDim] });
        return names;
    }
}
