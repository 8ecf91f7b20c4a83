namespace Seriatim.Models;

/// <summary>
/// What an architecture is in GGUF files: its name there, its keys and its tensors. The table of keys and the table of tensors
/// work both ways, for loading and for writing.
/// </summary>
internal sealed class GgufMap
{
    /// <summary>The value of <c>general.architecture</c>, and the prefix of its keys.</summary>
    public required string Architecture { get; init; }

    /// <summary>Keys with a counterpart in the config.</summary>
    public required IReadOnlyList<GgufKey> Keys { get; init; }

    /// <summary>What the parts of a model are called.</summary>
    public required Func<ModelSpec, NameTable> Names { get; init; }

    /// <summary>
    /// What the parts are called in one file, where files differ; null: as in <see cref="Names"/>, which is what is written.
    /// </summary>
    public Func<ModelSpec, GgufConfig, NameTable>? NamesIn { get; init; }

    /// <summary>Whether this map is the one, where several architectures share a name (llama with and without experts).</summary>
    public Func<GgufConfig, bool> Applies { get; init; } = _ => true;

    /// <summary>Reads what the table of keys cannot say.</summary>
    public Action<GgufConfig> Read { get; init; } = _ => { };

    /// <summary>Adds the keys that the table cannot say, or refuses a model that the format cannot hold.</summary>
    public Action<GgufExport> Write { get; init; } = _ => { };

    /// <summary>The keys of llama and its descendants.</summary>
    public static IReadOnlyList<GgufKey> LlamaKeys { get; } =
    [
        new("context_length", "max_position_embeddings"),
        new("embedding_length", "hidden_size"),
        new("block_count", "num_hidden_layers"),
        new("feed_forward_length", "intermediate_size"),
        new("attention.head_count", "num_attention_heads"),
        new GgufKey("attention.head_count_kv", "num_key_value_heads").Optional,
        new GgufKey("attention.key_length", "head_dim").Optional,
        new("attention.layer_norm_rms_epsilon", "rms_norm_eps", GgufKind.Number),
        new GgufKey("rope.freq_base", "rope_theta", GgufKind.Number).Optional,
        new GgufKey("vocab_size", "vocab_size").Optional,
    ];

    /// <summary>The same for layer norms.</summary>
    /// <param name="epsilon">The key of their epsilon in configs.</param>
    public static IReadOnlyList<GgufKey> LayerNormKeys(string epsilon) =>
    [
        .. LlamaKeys.Where(key => key.ConfigKey != "rms_norm_eps"),
        new("attention.layer_norm_epsilon", epsilon, GgufKind.Number),
    ];

    /// <summary>The names of decoders with an ungated feed-forward layer.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="fused">Whether q, k and v are one tensor.</param>
    public static NameTable CommonAttentionNames(ModelSpec spec, bool fused = false)
    {
        MixerSpec.Attention attention = spec.Decoder!.AgreedAttention();
        NameTable names = CommonNames(spec);
        if (fused)
            return WithFused(names, attention.Heads * attention.HeadDim, attention.KeyValueHeads * attention.HeadDim);
        foreach (string part in (ReadOnlySpan<string>)["q", "k", "v"])
            names.Add($"layers.*.attention.{part}", $"blk.*.attn_{part}");
        return names;
    }

    /// <summary>
    /// The key of sliding windows; its maps read it with <see cref="GgufConfig.CopyWindow"/>, because 0 stands for none.
    /// </summary>
    public static GgufKey Window { get; } = new GgufKey("attention.sliding_window", "sliding_window", GgufKind.Window).Optional;

    /// <summary>The names that most decoders share.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="upDown">Whether the feed-forward layer has its usual two matrices.</param>
    public static NameTable CommonNames(ModelSpec spec, bool upDown = true)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.norm1", "blk.*.attn_norm" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.norm2", "blk.*.ffn_norm" },
            { "norm", "output_norm" },
            { "head", "output" },
        };
        if (upDown)
        {
            names.Add("layers.*.mlp.up", "blk.*.ffn_up");
            names.Add("layers.*.mlp.down", "blk.*.ffn_down");
        }

        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    /// <summary>Names of a gated feed-forward layer and of separate q, k and v, whose rows llama files hold turned.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="turned">Whether the rows of q and k stand as rotation of neighbours wants them.</param>
    public static NameTable LlamaNames(ModelSpec spec, bool turned) => WithLlamaParts(CommonNames(spec), spec, turned);

    /// <summary>The same for layers whose norms stand around what the parts make, before them too or not.</summary>
    /// <param name="spec">The model.</param>
    /// <param name="form">How the file writes the factors of norms.</param>
    public static NameTable SandwichNames(ModelSpec spec, ValueForm? form = null)
    {
        TensorPlace Norm(string name) => new(name, Form: form);
        var names = new NameTable
        {
            { "embed", "token_embd" },
            { "layers.*.attention.o", "blk.*.attn_output" },
            { "layers.*.mlp.up", "blk.*.ffn_up" },
            { "layers.*.mlp.down", "blk.*.ffn_down" },
            { "norm", Norm("output_norm") },
            { "head", "output" },
        };
        bool before = spec.Decoder!.Layers[0].Placement == Placement.Sandwich;
        if (before)
        {
            names.Add("layers.*.norm1", Norm("blk.*.attn_norm"));
            names.Add("layers.*.norm2", Norm("blk.*.ffn_norm"));
        }

        names.Add(before ? "layers.*.after1" : "layers.*.norm1", Norm("blk.*.post_attention_norm"));
        names.Add(before ? "layers.*.after2" : "layers.*.norm2", Norm("blk.*.post_ffw_norm"));
        return WithLlamaParts(spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names, spec,
            turned: false, form);
    }

    private static NameTable WithLlamaParts(NameTable names, ModelSpec spec, bool turned, ValueForm? form = null)
    {
        int head = turned ? spec.Decoder!.AgreedAttention("head dimension", attention => attention.HeadDim) : 0;
        names.Add("layers.*.attention.q_norm", new TensorPlace("blk.*.attn_q_norm", Form: form));
        names.Add("layers.*.attention.k_norm", new TensorPlace("blk.*.attn_k_norm", Form: form));
        names.Add("layers.*.attention.q", new TensorPlace("blk.*.attn_q", TurnedHead: head));
        names.Add("layers.*.attention.k", new TensorPlace("blk.*.attn_k", TurnedHead: head));
        names.Add("layers.*.attention.v", "blk.*.attn_v");
        names.Add("layers.*.mlp.gate", "blk.*.ffn_gate");
        return names.Waive("read with the metadata", "rope_freqs.weight");
    }

    /// <summary>Adds q, k and v one after another in one tensor.</summary>
    public static NameTable WithFused(NameTable names, int queries, int keys)
    {
        int all = queries + 2 * keys;
        names.Add("layers.*.attention.q", new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(0, queries, all)));
        names.Add("layers.*.attention.k", new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(queries, keys, all)));
        names.Add("layers.*.attention.v", new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(queries + keys, keys, all)));
        return names;
    }
}
