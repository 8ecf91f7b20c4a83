namespace Seriatim.Models;

/// <summary>What the parts of DeepSeek-V2 and V3 are called, in both formats.</summary>
internal static class DeepseekNames
{
    private const string Layer = "model.layers.*.";
    private const string Attention = $"{Layer}self_attn.";

    /// <summary>The mixer of all layers.</summary>
    public static MixerSpec.Latent MixerOf(ModelSpec spec) =>
        spec.Decoder!.Agreed("mixer", layer => (MixerSpec.Latent)layer.Mixer);

    /// <summary>The experts of the layers that have some; null: none has.</summary>
    public static FeedForwardSpec.Experts? ExpertsOf(ModelSpec spec) =>
        spec.Decoder!.Layers.Select(layer => layer.FeedForward).OfType<FeedForwardSpec.Experts>().FirstOrDefault();

    public static NameTable HuggingFace(ModelSpec spec)
    {
        MixerSpec.Latent mixer = MixerOf(spec);
        (int heads, int rank) = (mixer.Heads, mixer.Rank);
        int perHead = mixer.KeyDim + mixer.ValueDim;
        long[] shape = [heads * perHead, rank];
        var names = new NameTable
        {
            { "embed", "model.embed_tokens" },
            { "layers.*.norm1", $"{Layer}input_layernorm" },
            { "layers.*.norm2", $"{Layer}post_attention_layernorm" },
            { "norm", "model.norm" },
            { "head", "lm_head" },
            { "layers.*.attention.q_down", $"{Attention}q_a_proj" },
            { "layers.*.attention.q_norm", $"{Attention}q_a_layernorm" },
            { "layers.*.attention.norm", $"{Attention}kv_a_layernorm" },
            { "layers.*.attention.o", $"{Attention}o_proj" },
            { "layers.*.mlp.router", $"{Layer}mlp.gate" },
            { "layers.*.mlp.choice_bias", $"{Layer}mlp.gate.e_score_correction_bias" },
        };

        // kv_b has the layer of the keys of a head, then that of its values. The first is applied to queries
        // instead, so it stands the other way round.
        names.Add("layers.*.attention.keys.*",
            new TensorPlace($"{Attention}kv_b_proj", Transposed: true, Slices: heads, SliceRows: rank)
            {
                SliceInputs = perHead,
                Shape = shape,
            });
        RowPattern values = RowPattern.Run(mixer.KeyDim, mixer.ValueDim, perHead);
        names.Add("layers.*.attention.values.*",
            new TensorPlace($"{Attention}kv_b_proj", Rows: values, Slices: heads, SliceRows: perHead) { Shape = shape });
        AddSplit(names, mixer, $"{Attention}{(mixer.QueryRank is null ? "q_proj" : "q_b_proj")}",
            $"{Attention}kv_a_proj_with_mqa");
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
        {
            names.Add($"layers.*.mlp.{part}", $"{Layer}mlp.{part}_proj");
            names.Add($"layers.*.mlp.shared.{part}", $"{Layer}mlp.shared_experts.{part}_proj");
            names.Add($"layers.*.mlp.experts.*.{part}", $"{Layer}mlp.experts.*.{part}_proj");
        }

        names.Waive("layers that predict tokens after the next", $"model.layers.{spec.Decoder!.Layers.Count}.*");
        names.Waive("computed from the config", $"{Attention}rotary_emb.inv_freq");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "lm_head.weight") : names;
    }

    public static NameTable Gguf(ModelSpec spec)
    {
        MixerSpec.Latent mixer = MixerOf(spec);
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", "blk.*.attn_norm" },
            { "layers.*.norm2", "blk.*.ffn_norm" },
            { "norm", "output_norm" },
            { "head", "output" },
            { "layers.*.attention.q_down", "blk.*.attn_q_a" },
            { "layers.*.attention.q_norm", "blk.*.attn_q_a_norm" },
            { "layers.*.attention.norm", "blk.*.attn_kv_a_norm" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.attention.keys.*", new TensorPlace("blk.*.attn_k_b", Slices: mixer.Heads, SliceRows: mixer.Rank) },
            { "layers.*.attention.values.*", new TensorPlace("blk.*.attn_v_b", Slices: mixer.Heads, SliceRows: mixer.ValueDim) },
            { "layers.*.mlp.router", "blk.*.ffn_gate_inp" },
            { "layers.*.mlp.choice_bias", "blk.*.exp_probs_b.bias" },
        };
        AddSplit(names, mixer, mixer.QueryRank is null ? "blk.*.attn_q" : "blk.*.attn_q_b", "blk.*.attn_kv_a_mqa");
        FeedForwardSpec.Experts? experts = ExpertsOf(spec);
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
        {
            names.Add($"layers.*.mlp.{part}", $"blk.*.ffn_{part}");
            names.Add($"layers.*.mlp.shared.{part}", $"blk.*.ffn_{part}_shexp");
            if (experts is not null)
            {
                int rows = part == "down" ? spec.Decoder!.Width : experts.Expert.Width;
                names.Add($"layers.*.mlp.experts.*.{part}",
                    new TensorPlace($"blk.*.ffn_{part}_exps", Slices: experts.Count, SliceRows: rows));
            }
        }

        names.Waive("layers that predict tokens after the next", $"blk.{spec.Decoder!.Layers.Count}.*");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>The parts of queries, and of what latents are made of, that turn and that do not.</summary>
    private static void AddSplit(NameTable names, MixerSpec.Latent mixer, string queries, string latents)
    {
        int perHead = mixer.KeyDim + mixer.TurnDim, all = mixer.Rank + mixer.TurnDim;
        names.Add("layers.*.attention.q",
            new TensorPlace(queries, Rows: new RowPattern(0, mixer.KeyDim, perHead, mixer.Heads * perHead)));
        names.Add("layers.*.attention.q_turn",
            new TensorPlace(queries, Rows: new RowPattern(mixer.KeyDim, mixer.TurnDim, perHead, mixer.Heads * perHead)));
        names.Add("layers.*.attention.latent", new TensorPlace(latents, Rows: RowPattern.Run(0, mixer.Rank, all)));
        names.Add("layers.*.attention.turn", new TensorPlace(latents, Rows: RowPattern.Run(mixer.Rank, mixer.TurnDim, all)));
    }
}
