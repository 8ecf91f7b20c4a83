namespace Seriatim.Models;

/// <summary>Mamba (Gu and Dao, 2023): selective state space layers and nothing else; nothing limits the context.</summary>
internal sealed class MambaArchitecture : Architecture
{
    public override string ModelType => "mamba";

    public override IReadOnlyList<string> ClassNames => ["MambaForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 50280, "hidden_size": 768, "state_size": 16, "num_hidden_layers": 32, "layer_norm_epsilon": 1e-5,
        "expand": 2, "conv_kernel": 4, "tie_word_embeddings": true}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "mamba",
        Keys = MambaFamily.GgufKeys,
        Applies = config => config.Flag("ssm.dt_b_c_rms") is not true,
        Names = MambaFamily.GgufNames,
        Read = MambaFamily.ReadGguf,
        Write = MambaFamily.WriteGguf,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        MambaFamily.Model(config, ModelType, mixer => mixer);

    public override NameTable TensorNames(ModelSpec spec) => MambaFamily.Names(spec);
}
