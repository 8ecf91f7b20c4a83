namespace Seriatim.Models;

/// <summary>
/// Gemma 4 (Gemma Team, 2026), the text model: heads of two sizes, layers at the end that read the keys of layers before them,
/// something of the tokens that each layer is given directly, and experts beside the feed-forward layer in some sizes.
/// </summary>
internal sealed class Gemma4Architecture : Architecture
{
    private const double UsualBase = 1e6, UsualLocalBase = 1e4;

    public override string ModelType => "gemma4_text";

    public override IReadOnlyList<string> ClassNames => ["Gemma4ForCausalLM"];

    internal override string NestedDefaults => """
        {"vocab_size": 262144, "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 30, "num_attention_heads": 8,
        "num_key_value_heads": 4, "head_dim": 256, "global_head_dim": 512, "max_position_embeddings": 131072,
        "rms_norm_eps": 1e-6, "sliding_window": 512}
        """;

    internal override GgufMap Gguf { get; } = new()
    {
        Architecture = "gemma4",
        Keys = Gemma4Gguf.Keys,
        Names = Gemma4Gguf.Names,
        Read = Gemma4Gguf.Read,
        Write = Gemma4Gguf.Write,
    };

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int width = config.Size("hidden_size"), layers = config.Size("num_hidden_layers");
        NormSpec norm = LlamaFamily.Norm(config);
        string[] kinds = LayerKinds.ReadEvery(config, layers, LayerKinds.Sliding, LayerKinds.Full, 6, "sliding_window_pattern");
        (MixerSpec.Attention full, MixerSpec.Attention sliding, int context) = Kinds(config, width, norm);
        int shared = config.IdOrNull("num_kv_shared_layers") ?? 0;
        if (shared >= layers)
            throw config.Unsupported("num_kv_shared_layers", shared, $"less than num_hidden_layers {layers} is needed");
        int own = layers - shared;
        bool wide = config.Flag(false, "use_double_wide_mlp");
        FeedForwardSpec.Gated dense = GemmaFamily.FeedForward(config);
        FeedForwardSpec.Experts? experts = Experts(config, dense, norm);
        if (config.IsText("use_bidirectional_attention")) // of pictures, which are not read
            config.Only("use_bidirectional_attention", "vision");
        ModelSpec spec = LlamaFamily.Model(config, ModelType, width, context, i =>
        {
            MixerSpec.Attention attention = kinds[i] == LayerKinds.Full ? full : sliding;
            FeedForwardSpec.Gated inner = wide && i >= own ? dense with
            {
                Width = config.Product("intermediate_size", dense.Width, 2, "use_double_wide_mlp:"),
            } : dense;
            return new LayerSpec(Placement.Sandwich, norm, i < own ? attention : attention with
            {
                KeysOf = Source(config, kinds, own, i),
                ValuesAreKeys = false,
            }, experts is null ? inner : new FeedForwardSpec.Beside(inner, experts, norm))
            {
                OutputFactor = true,
            };
        });
        return WithInputs(config, GemmaFamily.WithScale(spec), norm, dense.Activation);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = GemmaFamily.Names(spec);
        names.Add("layers.*.factor", "model.layers.*.layer_scalar");
        names.Add("input_table", "model.embed_tokens_per_layer");
        names.Add("input_project", "model.per_layer_model_projection");
        names.Add("input_norm", "model.per_layer_projection_norm");
        names.Add("layers.*.input.gate", "model.layers.*.per_layer_input_gate");
        names.Add("layers.*.input.project", "model.layers.*.per_layer_projection");
        names.Add("layers.*.input.norm", "model.layers.*.post_per_layer_input_norm");
        foreach ((int layer, MixerSpec.Attention attention) in spec.Decoder!.AttentionLayers())
        {
            string path = $"model.layers.{layer}.self_attn";
            if (attention.KeysOf is not null)
            {
                names.Waive("keys and values are those of another layer", $"{path}.k_proj.*", $"{path}.v_proj.*",
                    $"{path}.k_norm.*");
            }
        }

        if (spec.Decoder!.Layers[0].FeedForward is not FeedForwardSpec.Beside beside)
            return names;
        foreach (string part in (ReadOnlySpan<string>)["gate", "up", "down"])
            names.Add($"layers.*.mlp.dense.{part}", $"model.layers.*.mlp.{part}_proj");
        names.Add("layers.*.mlp.dense_norm", "model.layers.*.post_feedforward_layernorm_1");
        names.Add("layers.*.mlp.before_experts", "model.layers.*.pre_feedforward_layernorm_2");
        names.Add("layers.*.mlp.experts_norm", "model.layers.*.post_feedforward_layernorm_2");
        names.Add("layers.*.mlp.mixture.router", "model.layers.*.router.proj");
        names.Add("layers.*.mlp.mixture.router_norm.weight", "model.layers.*.router.scale");
        names.Add("layers.*.mlp.mixture.expert_factors", "model.layers.*.router.per_expert_scale");
        (int count, int inner) = (beside.Mixture.Count, beside.Mixture.Expert.Width);
        names.Add("layers.*.mlp.mixture.experts.*.gate.weight", new TensorPlace("model.layers.*.experts.gate_up_proj",
            Rows: RowPattern.Run(0, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.mixture.experts.*.up.weight", new TensorPlace("model.layers.*.experts.gate_up_proj",
            Rows: RowPattern.Run(inner, inner, 2 * inner), Slices: count, SliceRows: 2 * inner));
        names.Add("layers.*.mlp.mixture.experts.*.down.weight", new TensorPlace("model.layers.*.experts.down_proj",
            Slices: count, SliceRows: spec.Decoder.Width));
        return names;
    }

    private static (MixerSpec.Attention Full, MixerSpec.Attention Sliding, int Context) Kinds(
        ConfigReader config, int width, NormSpec norm)
    {
        bool bias = config.Flag(false, "attention_bias"), one = config.Flag(false, "attention_k_eq_v");
        MixerSpec.Attention sliding = LlamaFamily.Heads(config, width, usual: 256) with
        {
            Scale = 1,
            InputBias = bias,
            OutputBias = bias,
            HeadNorm = new HeadNormSpec(norm, HeadNormOver.Head),
            ValueNorm = norm,
        };
        int wideKeys = one ? config.SizeOrNull("num_global_key_value_heads") ?? sliding.KeyValueHeads : sliding.KeyValueHeads;
        if (!one && config.SizeOrNull("num_global_key_value_heads") is { } unused && unused != sliding.KeyValueHeads)
        {
            throw config.Unsupported("num_global_key_value_heads", unused,
                $"num_key_value_heads {sliding.KeyValueHeads} is needed where attention_k_eq_v is false");
        }

        if (sliding.Heads % wideKeys != 0)
            throw config.Unsupported("num_global_key_value_heads", wideKeys, $"a divisor of {sliding.Heads} heads is needed");
        MixerSpec.Attention full = sliding with
        {
            HeadDim = config.SizeOrNull("global_head_dim") ?? 512,
            KeyValueHeads = wideKeys,
            ValuesAreKeys = one,
        };
        (PositionSpec.Rope narrow, _) = RopeConfig.Read(config, LlamaFamily.Keys(config, sliding.HeadDim) with
        {
            Kind = LayerKinds.Sliding,
            Theta = [],
            Part = [],
            DefaultTheta = UsualLocalBase,
            TakesScaling = false,
        });
        (PositionSpec.Rope wide, int context) = RopeConfig.Read(config, LlamaFamily.Keys(config, full.HeadDim) with
        {
            Kind = LayerKinds.Full,
            DefaultTheta = UsualBase,
        });
        return (full with { Position = wide },
            sliding with { Position = narrow, Window = config.Size("sliding_window") }, context);
    }

    /// <summary>The last layer of the same kind that has keys of its own.</summary>
    private static int Source(ConfigReader config, string[] kinds, int own, int layer)
    {
        int source = Array.LastIndexOf(kinds, kinds[layer], own - 1);
        return source >= 0
            ? source
            : throw config.Unsupported("num_kv_shared_layers", kinds.Length - own,
                $"layer {layer} would read the keys of a {kinds[layer]} layer before layer {own}, and there is none");
    }

    private static FeedForwardSpec.Experts? Experts(ConfigReader config, FeedForwardSpec.Gated dense, NormSpec norm)
    {
        int? count = config.SizeOrNull("num_experts"), perToken = config.SizeOrNull("top_k_experts");
        int? inner = config.SizeOrNull("moe_intermediate_size", "expert_intermediate_size");
        if (!config.Flag(false, "enable_moe_block"))
            return null;
        int all = count ?? config.Size("num_experts"), chosen = perToken ?? config.Size("top_k_experts");
        if (chosen > all)
            throw config.Unsupported("top_k_experts", chosen, $"at most num_experts {all} is needed");
        int width = config.Size("hidden_size");
        var router = new RouterSpec(chosen, Renormalise: true)
        {
            Norm = norm,
            InputScale = 1 / MathF.Sqrt(width),
            ExpertFactors = true,
        };
        return new FeedForwardSpec.Experts(all, router, dense with { Width = inner ?? config.Size("moe_intermediate_size") });
    }

    private static ModelSpec WithInputs(ConfigReader config, ModelSpec spec, NormSpec norm, Activation activation)
    {
        int inputs = config.IdOrNull("hidden_size_per_layer_input") ?? 0;
        int rows = config.SizeOrNull("vocab_size_per_layer_input") ?? spec.Decoder!.Vocabulary;
        return spec with
        {
            Decoder = inputs == 0 ? spec.Decoder : spec.Decoder! with
            {
                LayerInputs = new LayerInputSpec(rows, inputs, activation, norm),
            },
            Head = spec.Head with { SoftCap = (float)config.Number(0, "final_logit_softcapping") },
        };
    }
}
