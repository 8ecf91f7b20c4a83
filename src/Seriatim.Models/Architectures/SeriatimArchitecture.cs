namespace Seriatim.Models;

/// <summary>
/// The Transformer as a set of switches, for comparing one with another: each key of the config is a value of the specs, and all
/// else stays. An architecture of this project; no other library reads its checkpoints.
/// </summary>
/// <remarks>
/// The defaults are the usual ones of today for small models: learned positions, layer norms before each part, GELU, a tied head.
/// </remarks>
internal sealed class SeriatimArchitecture : Architecture
{
    private const string Decoder = "SeriatimForCausalLM";
    private const string EncoderDecoder = "SeriatimForSeq2SeqLM";
    private const string Encoder = "SeriatimForMaskedLM";
    private const string Classifier = "SeriatimForSequenceClassification";

    /// <summary>Buckets of relative positions and the distance from which on they share the last one, as in T5.</summary>
    private const int Buckets = 32, MaxDistance = 128;

    /// <summary>The longest computed table of positions.</summary>
    private const int LongestTable = 1 << 16;

    public override string ModelType => "seriatim";

    public override IReadOnlyList<string> ClassNames => [Decoder, EncoderDecoder, Encoder, Classifier];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        ModelTask task = Task(config, className);
        int vocabulary = config.Size("vocab_size");
        int context = config.Size("max_position_embeddings");
        bool tied = config.Flag(task != ModelTask.SequenceClassification, "tie_word_embeddings");
        var switches = new Switches(config, context);
        HeadSpec head = task == ModelTask.SequenceClassification
            ? new HeadSpec(config.Labels().Length) { Bias = true, Transform = new HeadTransformSpec(Activation.Tanh, null) }
            : new HeadSpec(vocabulary) { Tied = tied };
        if (task == ModelTask.SequenceClassification && tied)
            throw config.Unsupported("tie_word_embeddings", true, "false is needed: the head of a classifier has no tokens");
        StackSpec? encoder = task == ModelTask.CausalLanguageModel ? null
            : switches.Stack(vocabulary, Visibility.Full, cross: false, "num_encoder_layers");
        StackSpec? decoder = task is ModelTask.MaskedLanguageModel or ModelTask.SequenceClassification ? null
            : switches.Stack(vocabulary, Visibility.Causal, encoder is not null, "num_decoder_layers");
        return new ModelSpec(ModelType, task, encoder, decoder, head, switches.Context)
        {
            SharedEmbedding = encoder is not null && decoder is not null,
            Dropout = config.Dropout("dropout", "dropout", "attention_dropout", "activation_dropout"),
        };
    }

    /// <summary>Every part under its own path.</summary>
    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable { { "embed", "embed" }, { "head", "head" }, { "head.transform", "head.transform" } };
        foreach (string stack in (ReadOnlySpan<string>)["", "encoder.", "decoder."])
        {
            foreach (string part in (ReadOnlySpan<string>)["positions", "relative_bias", "norm"])
                names.Add($"{stack}{part}", $"{stack}{part}");
            foreach (string part in (ReadOnlySpan<string>)[
                "norm1", "norm2", "cross_norm", "attention.q", "attention.k", "attention.v", "attention.o", "cross.q", "cross.k",
                "cross.v", "cross.o", "mlp.gate", "mlp.up", "mlp.down"])
            {
                names.Add($"{stack}layers.*.{part}", $"{stack}layers.*.{part}");
            }
        }

        return names;
    }

    /// <summary>The class says the shape; without one, <c>shape</c> does. A config with both must mean the same.</summary>
    private static ModelTask Task(ConfigReader config, string className)
    {
        ModelTask byClass = className switch
        {
            EncoderDecoder => ModelTask.SequenceToSequence,
            Encoder => ModelTask.MaskedLanguageModel,
            Classifier => ModelTask.SequenceClassification,
            _ => ModelTask.CausalLanguageModel,
        };
        bool named = config.Texts("architectures").Length > 0;
        string shape = config.Text(named ? ShapeOf(byClass) : "decoder", "shape");
        if (named && shape != ShapeOf(byClass))
            throw config.Unsupported("shape", shape, $"{className} is a {ShapeOf(byClass)}; name another class or leave it out");
        return named ? byClass : shape switch
        {
            "decoder" => ModelTask.CausalLanguageModel,
            "encoder-decoder" => ModelTask.SequenceToSequence,
            "encoder" => ModelTask.MaskedLanguageModel,
            _ => throw config.Unsupported("shape", shape, "decoder, encoder-decoder or encoder is needed"),
        };
    }

    private static string ShapeOf(ModelTask task) => task switch
    {
        ModelTask.CausalLanguageModel => "decoder",
        ModelTask.SequenceToSequence => "encoder-decoder",
        _ => "encoder",
    };

    /// <summary>What all layers of a model have in common.</summary>
    private sealed class Switches
    {
        private readonly ConfigReader _config;
        private readonly int _width;
        private readonly string _positions;
        private readonly PositionSpec _added;
        private readonly float _embeddingScale;
        private readonly Placement _placement;
        private readonly NormSpec? _norm;
        private readonly bool _residual;
        private readonly MixerSpec.Attention _attention;
        private readonly FeedForwardSpec _feedForward;

        public Switches(ConfigReader config, int context)
        {
            (_config, Context) = (config, context);
            _width = config.Size("hidden_size");
            int heads = config.Size("num_attention_heads");
            int headDim = CommonKeys.HeadDim(config, _width, heads);
            bool bias = config.Flag(true, "bias");
            _attention = CommonKeys.MultiHead(heads, headDim, bias);
            _positions = config.Text("learned", "positions");
            if (_positions == "rope")
            {
                (PositionSpec.Rope rope, Context) = RopeConfig.Read(config, headDim, ["partial_rotary_factor"], 1, context);
                _attention = _attention with { Position = rope };
            }

            _added = Added(context);
            _embeddingScale = config.Flag(_added is PositionSpec.Sinusoidal, "scale_embedding") ? MathF.Sqrt(_width) : 1;
            (_placement, _norm) = Norm(bias);
            _residual = config.Flag(true, "residual");
            _feedForward = FeedForward(bias);
        }

        public int Context { get; }

        public StackSpec Stack(int vocabulary, Visibility visibility, bool cross, string layersKey)
        {
            MixerSpec.Attention attention = _positions switch
            {
                "relative" => _attention with
                {
                    Position = new PositionSpec.RelativeBias(Buckets, MaxDistance, visibility == Visibility.Full),
                },
                "alibi" => _attention with { Position = new PositionSpec.Alibi() },
                _ => _attention,
            };
            var layer = new LayerSpec(_placement, _norm, attention, _feedForward,
                cross ? _attention with { Position = new PositionSpec.None() } : null)
            {
                Residual = _residual,
            };
            int count = _config.SizeOrNull(layersKey) ?? _config.Size("num_hidden_layers");
            return new StackSpec(vocabulary, _width, visibility, CommonKeys.Layers(_config, count, _ => layer))
            {
                Position = _added,
                EmbeddingScale = _embeddingScale,
                FinalNorm = _placement == Placement.Pre ? _norm : null,
            };
        }

        private PositionSpec Added(int context) => _positions switch
        {
            "learned" => new PositionSpec.Learned(context, 0),
            "sinusoidal" when context <= LongestTable => new PositionSpec.Sinusoidal(context),
            "sinusoidal" => throw _config.Unsupported("max_position_embeddings", context,
                $"at most {LongestTable} are supported"),
            "none" or "rope" or "alibi" or "relative" => new PositionSpec.None(),
            _ => throw _config.Unsupported("positions", _positions,
                "none, sinusoidal, learned, rope, alibi or relative is needed"),
        };

        /// <summary>Keys that would change nothing are not read, and so are refused by name.</summary>
        private (Placement Placement, NormSpec? Norm) Norm(bool bias) => _config.Text("pre", "norm_placement") switch
        {
            "pre" => (Placement.Pre, NormOf(bias)),
            "post" => (Placement.Post, NormOf(bias)),
            "none" => (Placement.Post, null),
            var other => throw _config.Unsupported("norm_placement", other, "pre, post or none is needed"),
        };

        private NormSpec NormOf(bool bias)
        {
            float epsilon = (float)_config.Number(1e-5, "norm_eps");
            return _config.Text("layer", "norm") switch
            {
                "layer" => new NormSpec(NormKind.Layer, epsilon, bias),
                "rms" => new NormSpec(NormKind.Rms, epsilon, Bias: false),
                "batch" => new NormSpec(NormKind.Batch, epsilon, bias) { Momentum = CommonKeys.BatchNormMomentum(_config) },
                var other => throw _config.Unsupported("norm", other, "layer, rms or batch is needed"),
            };
        }

        private FeedForwardSpec FeedForward(bool bias)
        {
            int inner = _config.SizeOrNull("intermediate_size") ?? 4 * _width;
            Activation activation = CommonKeys.ReadActivation(_config, "gelu", "hidden_act");
            return _config.Flag(false, "gated")
                ? new FeedForwardSpec.Gated(inner, activation, bias)
                : new FeedForwardSpec.Dense(inner, activation, bias);
        }
    }
}
