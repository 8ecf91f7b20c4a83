using System.Text;
using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Latents, delta nets and two mixers side by side in an engine with too little memory: requests of all kinds, drafts among
/// them, equal themselves alone.
/// </summary>
public sealed class LatentAndDeltaEngineTests
{
    private const int Vocabulary = 50;

    private static readonly Dictionary<string, string> Configs = new()
    {
        ["deepseek_v3"] = """
            {"architectures": ["DeepseekV3ForCausalLM"], "vocab_size": 50, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 2, "num_attention_heads": 2, "kv_lora_rank": 32, "q_lora_rank": 7, "qk_nope_head_dim": 6,
            "qk_rope_head_dim": 32, "v_head_dim": 6, "moe_intermediate_size": 8, "n_shared_experts": 1, "n_routed_experts": 8,
            "num_experts_per_tok": 2, "n_group": 4, "topk_group": 2, "first_k_dense_replace": 1,
            "max_position_embeddings": 4096}
            """,
        ["qwen3_5"] = """
            {"architectures": ["Qwen3_5ForCausalLM"], "vocab_size": 50, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
            "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 4, "linear_value_head_dim": 4,
            "layer_types": ["linear_attention", "full_attention"], "max_position_embeddings": 4096}
            """,
        ["falcon_h1"] = """
            {"architectures": ["FalconH1ForCausalLM"], "vocab_size": 50, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 4096,
            "mamba_d_ssm": 24, "mamba_n_heads": 4, "mamba_d_head": 6, "mamba_n_groups": 2, "mamba_d_state": 4,
            "mamba_d_conv": 4}
            """,
        ["lfm2"] = """
            {"architectures": ["Lfm2ForCausalLM"], "vocab_size": 50, "hidden_size": 16, "intermediate_size": 20,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 4096,
            "conv_L_cache": 3, "block_multiple_of": 4, "full_attn_idxs": [1]}
            """,
    };

    [Theory]
    [InlineData("deepseek_v3", 30, KeyValueType.F32)]
    [InlineData("deepseek_v3", 30, KeyValueType.F16)]
    [InlineData("qwen3_5", 30, KeyValueType.F32)]
    [InlineData("falcon_h1", 30, KeyValueType.F32)]
    [InlineData("lfm2", 30, KeyValueType.F32)]
    public void UnderLoadRequestsEqualThemselvesAlone(string family, int pages, KeyValueType stored)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = Make(family, seed: 7), small = Make(family, seed: 8);
        var model = new LoadedModel(target, ops);
        GenerationRequest[] requests = Mixture.Requests(40, seed: 3, Vocabulary, drafts: true, longest: 40);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }, new EngineOptions
        {
            Pages = 200,
            States = 200,
            PageSize = 8,
            KeyValueType = stored,
        }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = 40,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
            KeyValueType = stored,
            DraftModel = new LoadedModel(small, ops),
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], handles[i].Result(), $"request {i}, {requests[i]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
        Assert.True(core.Statistics.TokensSaved > 0, "Prefixes are meant to be shared.");
        core.Cache!.Clear();
        for (int kind = 0; kind < core.Pools!.Count; kind++)
            Assert.Equal(core.Pools[kind].Units, core.Pools[kind].Free);
    }

    private static Model Make(string family, ulong seed) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(Configs[family]), new RandomSource(seed));
}
