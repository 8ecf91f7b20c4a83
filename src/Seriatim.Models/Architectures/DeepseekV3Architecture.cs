namespace Seriatim.Models;

/// <summary>
/// DeepSeek-V3 (DeepSeek-AI, 2024): V2 whose experts are chosen by the sigmoids of their logits, corrected by a bias that keeps
/// the load even, and weighed without it.
/// </summary>
internal sealed class DeepseekV3Architecture : Architecture
{
    public override string ModelType => "deepseek_v3";

    public override IReadOnlyList<string> ClassNames => ["DeepseekV3ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "deepseek2",
        Keys = DeepseekFamily.GgufKeys,
        Applies = config => config.Size("expert_gating_func") == 2,
        Names = DeepseekNames.Gguf,
        Read = config =>
        {
            DeepseekGguf.Read(config);
            config.Json.TryAdd("n_group", 1);
            config.Json.TryAdd("topk_group", 1);
        },
        Write = DeepseekGguf.Write,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        DeepseekFamily.ReadSpec(config, ModelType, usuallyDense: 3, experts => Router(config, experts));

    public override NameTable TensorNames(ModelSpec spec) => DeepseekNames.HuggingFace(spec);

    private static RouterSpec Router(ConfigReader config, int experts)
    {
        config.Only("scoring_func", "sigmoid");
        config.Only("topk_method", "noaux_tc");
        (int groups, int chosen) = DeepseekFamily.Groups(config, experts, limits: true, (8, 4));
        if (groups > 1 && experts / groups < 2)
        {
            throw config.Unsupported("n_group", groups,
                $"groups of two experts or more are needed; n_routed_experts is {experts}");
        }

        return new RouterSpec(config.Size("num_experts_per_tok"), config.Flag(true, "norm_topk_prob"))
        {
            Score = ExpertScore.Sigmoid,
            ChoiceBias = true,
            Epsilon = 1e-20,
            Scale = (float)config.Number(2.5, "routed_scaling_factor"),
            Groups = groups,
            GroupsPerToken = chosen,
            GroupsByTwo = groups > 1,
        };
    }
}
