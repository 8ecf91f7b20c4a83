using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>Gemma 4 in GGUF files, where many keys have a value for each layer.</summary>
internal static class Gemma4Gguf
{
    /// <summary>The factor of a pair that does not turn; readers divide frequencies by it.</summary>
    private const float Still = 1e30f;

    /// <summary>Keys with one value.</summary>
    public static IReadOnlyList<GgufKey> Keys { get; } =
    [
        new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
        new("block_count", "num_hidden_layers"), new("attention.head_count", "num_attention_heads"),
        new("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufKind.Number),
        new GgufKey("vocab_size", "vocab_size").Optional, GgufMap.Window,
        new GgufKey("attention.shared_kv_layers", "num_kv_shared_layers").Optional,
        new GgufKey("embedding_length_per_layer_input", "hidden_size_per_layer_input").Optional,
        new GgufKey("final_logit_softcapping", "final_logit_softcapping", GgufKind.Number).Optional,
        new GgufKey("expert_count", "num_experts").Optional, new GgufKey("expert_used_count", "top_k_experts").Optional,
        new GgufKey("expert_feed_forward_length", "moe_intermediate_size").Optional,
    ];

    /// <summary>Reads the keys that have a value for each layer.</summary>
    public static void Read(GgufConfig config)
    {
        int layers = config.Required("block_count");
        config.CopyWindow();
        bool[] sliding = config.Flags("attention.sliding_window_pattern", layers);
        config.Json["layer_types"] = new JsonArray([.. sliding.Select(
            own => (JsonNode)(own ? LayerKinds.Sliding : LayerKinds.Full))]);
        int shared = config.Size("attention.shared_kv_layers") ?? 0;
        ReadHeads(config, sliding, shared);
        int[] inner = config.Sizes("feed_forward_length", layers);
        bool wide = layers > 0 && inner[^1] == 2 * inner[0];
        for (int i = 0; i < layers; i++)
        {
            int needed = wide && i >= layers - shared ? 2 * inner[0] : inner[0];
            if (inner[i] != needed)
                throw config.Unsupported("feed_forward_length", inner[i], $"{needed} is needed in layer {i}");
        }

        config.Json["intermediate_size"] = inner.Length > 0 ? inner[0] : 0;
        config.Json["use_double_wide_mlp"] = wide;
        config.Json["enable_moe_block"] = config.Size("expert_count") > 0;
        if (config.RowsOf("per_layer_token_embd.weight") is { } rows)
            config.Json["vocab_size_per_layer_input"] = rows;
        config.Waive("written beside the experts' own key", "expert_feed_forward_length");
    }

    /// <summary>Writes them.</summary>
    public static void Write(GgufExport export)
    {
        StackSpec stack = export.Spec.Decoder!;
        GemmaFamily.RequireGguf(export);
        MixerSpec.Attention[] all = [.. stack.AttentionLayers().Select(layer => layer.Attention)];
        MixerSpec.Attention full = Array.Find(all, own => own.Window == 0) ?? all[0];
        MixerSpec.Attention sliding = Array.Find(all, own => own.Window > 0) ?? all[0];
        export.Set("feed_forward_length", stack.Layers.Select(WidthOf).ToArray());
        export.Set("attention.head_count_kv", all.Select(own => own.KeyValueHeads).ToArray());
        export.Set("attention.sliding_window_pattern", all.Select(own => own.Window > 0).ToArray());
        export.SetDefault("attention.sliding_window", (uint)sliding.Window);
        export.Set("attention.shared_kv_layers", (uint)all.Count(own => own.KeysOf is not null));
        foreach ((string ending, MixerSpec.Attention own) in (ReadOnlySpan<(string, MixerSpec.Attention)>)[
            ("", full), ("_swa", sliding)])
        {
            var rope = (PositionSpec.Rope)own.Position;
            export.Set($"attention.key_length{ending}", (uint)own.HeadDim);
            export.Set($"attention.value_length{ending}", (uint)own.HeadDim);
            export.Set($"rope.freq_base{ending}", (float)rope.Theta);
            export.Set($"rope.dimension_count{ending}", (uint)rope.RotaryDim);
            export.Require(rope.Scaling is null && rope.RotaryDim == own.HeadDim, "rope_parameters",
                "readers of gemma4 files scale nothing");
        }

        if (full.Position is PositionSpec.Rope { StillPairs: > 0 and var still })
        {
            int pairs = full.HeadDim / 2;
            export.AddVector("rope_freqs.weight",
                [.. Enumerable.Range(0, pairs).Select(pair => pair < pairs - still ? 1f : Still)]);
        }
    }

    private static void ReadHeads(GgufConfig config, bool[] sliding, int shared)
    {
        int[] keyHeads = config.Sizes("attention.head_count_kv", sliding.Length);
        int wide = config.Required("attention.key_length");
        int narrow = config.Size("attention.key_length_swa") ?? wide;
        config.Only("attention.value_length", wide, "the length of keys");
        config.Only("attention.value_length_swa", narrow, "the length of keys");
        config.Only("rope.dimension_count", wide, "all features of a head");
        config.Only("rope.dimension_count_swa", narrow, "all features of a head");
        (int one, int other) = (Array.IndexOf(sliding, true), Array.IndexOf(sliding, false));
        config.Json["head_dim"] = narrow;
        config.Json["global_head_dim"] = wide;
        config.Json["num_key_value_heads"] = keyHeads[Math.Max(one, 0)];
        bool equal = other >= 0 && other < sliding.Length - shared && !config.Has($"blk.{other}.attn_v.weight");
        config.Json["attention_k_eq_v"] = equal;
        if (other >= 0)
            config.Json["num_global_key_value_heads"] = keyHeads[other];
        for (int i = 0; i < sliding.Length; i++)
        {
            int needed = keyHeads[sliding[i] ? Math.Max(one, 0) : other];
            if (keyHeads[i] != needed)
                throw config.Unsupported("attention.head_count_kv", keyHeads[i], $"{needed} is needed in layer {i}");
        }

        var full = new JsonObject { ["rope_theta"] = config.Number("rope.freq_base") ?? 1e6 };
        if (config.Has("rope_freqs.weight"))
        {
            float[] factors = config.Header.FloatsOf("rope_freqs.weight") ?? [];
            int turning = factors.TakeWhile(factor => factor == 1).Count();
            if (factors.Length != wide / 2 || factors.Skip(turning).Any(factor => factor < Still))
            {
                throw config.Unsupported("rope.dimension_count", wide,
                    $"rope_freqs.weight holds {factors.Length} factors; {wide / 2} of 1 and then {Still:G1} are needed");
            }

            full["rope_type"] = "proportional";
            full["partial_rotary_factor"] = GgufRope.Part(2 * turning, wide);
        }

        config.Json["rope_parameters"] = new JsonObject
        {
            [LayerKinds.Full] = full,
            [LayerKinds.Sliding] = new JsonObject { ["rope_theta"] = config.Number("rope.freq_base_swa") ?? 1e4 },
        };
    }

    private static int WidthOf(LayerSpec layer) => layer.FeedForward switch
    {
        FeedForwardSpec.Gated gated => gated.Width,
        FeedForwardSpec.Beside beside => beside.Inner.Width,
        _ => throw new NotSupportedException($"The feed-forward layer {layer.FeedForward} has no width in files of gemma4."),
    };
}
