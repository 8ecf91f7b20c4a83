namespace Seriatim.Models;

/// <summary>
/// DeepSeek-V2 (DeepSeek-AI, 2024): latent attention, experts chosen by their softmax, from the best groups if asked.
/// </summary>
internal sealed class DeepseekV2Architecture : Architecture
{
    public override string ModelType => "deepseek_v2";

    public override IReadOnlyList<string> ClassNames => ["DeepseekV2ForCausalLM"];

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "deepseek2",
        Keys = DeepseekFamily.GgufKeys,
        Applies = config => config.Size("expert_gating_func") != 2,
        Names = DeepseekNames.Gguf,
        Read = config =>
        {
            DeepseekGguf.Read(config);
            if (config.Json["n_group"] is not null)
                config.Json["topk_method"] = "group_limited_greedy";
        },
        Write = DeepseekGguf.Write,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        DeepseekFamily.ReadSpec(config, ModelType, usuallyDense: 0, experts => Router(config, experts));

    public override NameTable TensorNames(ModelSpec spec) => DeepseekNames.HuggingFace(spec);

    private static RouterSpec Router(ConfigReader config, int experts)
    {
        config.Only("scoring_func", "softmax");
        config.Only("norm_topk_prob", false);
        string method = config.Text("greedy", "topk_method");
        if (method is not ("greedy" or "group_limited_greedy"))
            throw config.Unsupported("topk_method", method, "greedy or group_limited_greedy is needed");
        (int groups, int chosen) = DeepseekFamily.Groups(config, experts, limits: method != "greedy", (1, 1));
        return new RouterSpec(config.Size("num_experts_per_tok"), Renormalise: false)
        {
            Scale = (float)config.Number(1, "routed_scaling_factor"),
            Groups = groups,
            GroupsPerToken = chosen,
        };
    }
}
