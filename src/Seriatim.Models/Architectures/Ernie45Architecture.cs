namespace Seriatim.Models;

/// <summary>ERNIE 4.5 (Baidu, 2025), the dense models: llama whose neighbouring features turn together.</summary>
internal sealed class Ernie45Architecture : Architecture
{
    public override string ModelType => "ernie4_5";

    public override IReadOnlyList<string> ClassNames => ["Ernie4_5ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "ernie4_5",
        Keys = GgufMap.LlamaKeys,
        Names = spec => GgufMap.LlamaNames(spec, turned: false),
        Read = config =>
        {
            LlamaFamily.ReadGguf(config);
            config.Json["use_bias"] = config.Has("blk.0.attn_q.bias");
        },
        Write = LlamaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size");
        bool bias = config.Flag(false, "use_bias");
        (MixerSpec.Attention attention, int context) = LlamaFamily.Attention(config, width, headDim: 128,
            rope: keys => keys with { DefaultTheta = 500000, Pairing = RopePairing.Interleaved });
        NormSpec norm = LlamaFamily.Norm(config) with { Epsilon = (float)config.Number(1e-5, "rms_norm_eps") };
        var layer = new LayerSpec(Placement.Pre, norm, attention with { InputBias = bias, OutputBias = bias },
            LlamaFamily.FeedForward(config, bias));
        return LlamaFamily.Model(config, ModelType, width, context, _ => layer);
    }

    public override NameTable TensorNames(ModelSpec spec) => LlamaFamily.Names(spec);
}
