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
        Names = Gemma4Names.Gguf,
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

    public override NameTable TensorNames(ModelSpec spec) => Gemma4Names.HuggingFace(spec);

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
