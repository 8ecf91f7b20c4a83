namespace Seriatim.Models;

/// <summary>What the parts of Gemma 4 are called, in both formats.</summary>
internal static class Gemma4Names
{
    private const string Layer = "model.layers.*.", Block = "blk.*.", Mixture = "layers.*.mlp.mixture.";

    /// <summary>Parts with one name in each format: of the model, in folders, in GGUF files.</summary>
    private static readonly (string Path, string Folder, string Gguf)[] Parts =
    [
        ("layers.*.factor", $"{Layer}layer_scalar", $"{Block}layer_output_scale.weight"),
        ("input_table", "model.embed_tokens_per_layer", "per_layer_token_embd"),
        ("input_project", "model.per_layer_model_projection", "per_layer_model_proj"),
        ("input_norm", "model.per_layer_projection_norm", "per_layer_proj_norm"),
        ("layers.*.input.gate", $"{Layer}per_layer_input_gate", $"{Block}inp_gate"),
        ("layers.*.input.project", $"{Layer}per_layer_projection", $"{Block}proj"),
        ("layers.*.input.norm", $"{Layer}post_per_layer_input_norm", $"{Block}post_norm"),
    ];

    /// <summary>The same of layers with experts.</summary>
    private static readonly (string Path, string Folder, string Gguf)[] PartsWithExperts =
    [
        ("layers.*.mlp.dense.gate", $"{Layer}mlp.gate_proj", $"{Block}ffn_gate"),
        ("layers.*.mlp.dense.up", $"{Layer}mlp.up_proj", $"{Block}ffn_up"),
        ("layers.*.mlp.dense.down", $"{Layer}mlp.down_proj", $"{Block}ffn_down"),
        ("layers.*.mlp.dense_norm", $"{Layer}post_feedforward_layernorm_1", $"{Block}post_ffw_norm_1"),
        ("layers.*.mlp.before_experts", $"{Layer}pre_feedforward_layernorm_2", $"{Block}pre_ffw_norm_2"),
        ("layers.*.mlp.experts_norm", $"{Layer}post_feedforward_layernorm_2", $"{Block}post_ffw_norm_2"),
        ($"{Mixture}router", $"{Layer}router.proj", $"{Block}ffn_gate_inp"),
        ($"{Mixture}router_norm.weight", $"{Layer}router.scale", $"{Block}ffn_gate_inp.scale"),
        ($"{Mixture}expert_factors", $"{Layer}router.per_expert_scale", $"{Block}ffn_down_exps.scale"),
    ];

    public static NameTable HuggingFace(ModelSpec spec)
    {
        NameTable names = With(GemmaFamily.Names(spec), spec, part => part.Folder, $"{Layer}experts.gate_up_proj",
            $"{Layer}experts.down_proj", ending: ".weight");
        foreach ((int layer, MixerSpec.Attention attention) in spec.Decoder!.AttentionLayers())
        {
            string path = $"model.layers.{layer}.self_attn";
            if (attention.KeysOf is not null)
            {
                names.Waive("keys and values are those of another layer", $"{path}.k_proj.*", $"{path}.v_proj.*",
                    $"{path}.k_norm.*");
            }
        }

        return names;
    }

    public static NameTable Gguf(ModelSpec spec) => With(GgufMap.SandwichNames(spec), spec, part => part.Gguf,
        $"{Block}ffn_gate_up_exps", $"{Block}ffn_down_exps", ending: "");

    /// <summary>Adds the parts in one format; there the matrices of experts have the ending of others, or none.</summary>
    private static NameTable With(NameTable names, ModelSpec spec, Func<(string Path, string Folder, string Gguf), string> of,
        string gates, string downs, string ending)
    {
        var beside = spec.Decoder!.Layers[0].FeedForward as FeedForwardSpec.Beside;
        foreach ((string Path, string, string) part in beside is null ? Parts : [.. Parts, .. PartsWithExperts])
            names.Add(part.Path, of(part));
        if (beside is null)
            return names;
        (int count, int inner) = (beside.Mixture.Count, beside.Mixture.Expert.Width);
        names.Add($"{Mixture}experts.*.gate{ending}", new TensorPlace(gates,
            Rows: RowPattern.Run(0, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add($"{Mixture}experts.*.up{ending}", new TensorPlace(gates,
            Rows: RowPattern.Run(inner, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add($"{Mixture}experts.*.down{ending}", new TensorPlace(downs, Slices: count, SliceRows: spec.Decoder.Width));
        return names;
    }
}
