namespace Seriatim.Models;

/// <summary>
/// Falcon Mamba (Zuo et al., 2024): mamba with RMS norms, without factors, of the steps, inputs and outputs of the scan.
/// </summary>
internal sealed class FalconMambaArchitecture : Architecture
{
    public override string ModelType => "falcon_mamba";

    public override IReadOnlyList<string> ClassNames => ["FalconMambaForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 50280, "hidden_size": 768, "state_size": 16, "num_hidden_layers": 32, "layer_norm_epsilon": 1e-5,
        "expand": 2, "conv_kernel": 4, "tie_word_embeddings": true, "mixer_rms_eps": 1e-6}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "mamba",
        Keys = MambaFamily.GgufKeys,
        Applies = config => config.Flag("ssm.dt_b_c_rms") is true,
        Names = MambaFamily.GgufNames,
        Read = config =>
        {
            MambaFamily.ReadGguf(config);

            // The format has one epsilon for all norms.
            config.Json["mixer_rms_eps"] = config.Number("attention.layer_norm_rms_epsilon");
        },
        Write = export =>
        {
            LayerSpec layer = export.Spec.Decoder!.Layers[0];
            float? epsilon = ((MixerSpec.Mamba)layer.Mixer).NormEpsilon;
            export.Require(epsilon == layer.Norm?.Epsilon, "mixer_rms_eps",
                $"GGUF files have one epsilon for all norms; this model has {epsilon} here and {layer.Norm?.Epsilon} elsewhere");
            MambaFamily.WriteGguf(export);
        },
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        float epsilon = (float)config.Number(1e-6, "mixer_rms_eps");
        return MambaFamily.Model(config, ModelType, mixer => mixer with { NormEpsilon = epsilon });
    }

    public override NameTable TensorNames(ModelSpec spec) => MambaFamily.Names(spec);
}
