namespace Seriatim.Models;

/// <summary>The metadata of a model on its way into a GGUF file.</summary>
internal sealed class GgufExport
{
    private readonly OrderedDictionary<string, object> _metadata = new(StringComparer.Ordinal);
    private readonly List<(string Name, float[] Values)> _vectors = [];

    public GgufExport(ModelSpec spec, ModelConfig config, string architecture) =>
        (Spec, Config, Architecture) = (spec, config, architecture);

    /// <summary>The model.</summary>
    public ModelSpec Spec { get; }

    /// <summary>Its ids and labels.</summary>
    public ModelConfig Config { get; }

    /// <summary>The value of <c>general.architecture</c>.</summary>
    public string Architecture { get; }

    /// <summary>Keys and values in the order they were set.</summary>
    public IEnumerable<KeyValuePair<string, object>> Metadata => _metadata;

    /// <summary>Tensors that the format holds where configs have lists.</summary>
    public IReadOnlyList<(string Name, float[] Values)> Vectors => _vectors;

    /// <summary>Sets a key of the architecture.</summary>
    public void Set(string name, object value) => _metadata[$"{Architecture}.{name}"] = value;

    /// <summary>Sets a key that stands for itself, without the prefix of the architecture.</summary>
    public void SetPlain(string key, object value) => _metadata[key] = value;

    /// <summary>Whether a key, with its prefix if it has one, is set.</summary>
    public bool Has(string key) => _metadata.ContainsKey(key);

    /// <summary>Sets a key of the architecture that the config did not give.</summary>
    public void SetDefault(string name, object value) => _metadata.TryAdd($"{Architecture}.{name}", value);

    /// <summary>Adds a tensor that holds what configs have as a list.</summary>
    public void AddVector(string name, float[] values) => _vectors.Add((name, values));

    /// <summary>Sets the sizes that a config may spell in several ways or leave to a default.</summary>
    /// <param name="keys">The keys of the architecture.</param>
    public void SetSizes(IEnumerable<GgufKey> keys)
    {
        StackSpec stack = Spec.Encoder ?? Spec.Last;
        bool Has(string name) => keys.Any(key => key.Name == name);
        NormSpec norm = stack.Agreed("norm", layer => layer.Norm) ?? throw new NotSupportedException(
            "The layers have no norms; GGUF files have no word for that.");
        if (Spec.Context != int.MaxValue)
            SetDefault("context_length", (uint)Spec.Context);
        SetDefault("embedding_length", (uint)stack.Width);
        SetDefault("block_count", (uint)stack.Layers.Count);
        if (Has("feed_forward_length") && !_metadata.ContainsKey($"{Architecture}.feed_forward_length"))
            SetDefault("feed_forward_length", (uint)stack.Agreed("feed-forward width", layer => InnerOf(layer).Width));
        SetDefault(norm.Kind == NormKind.Rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", norm.Epsilon);
        if (Has("attention.head_count"))
            SetDefault("attention.head_count", (uint)HeadsOf(stack, "heads", attention => attention.Heads));
        if (Has("attention.key_length"))
        {
            int headDim = HeadsOf(stack, "head dimension", attention => attention.HeadDim);
            SetDefault("attention.key_length", (uint)headDim);
            SetDefault("attention.value_length", (uint)headDim);
        }
    }

    /// <summary>Refuses a model of which a key that readers need is not known.</summary>
    public void RequireKeys(IEnumerable<GgufKey> keys)
    {
        foreach (GgufKey key in keys.Where(k => k.Required))
        {
            Require(_metadata.ContainsKey($"{Architecture}.{key.Name}"), key.ConfigKey,
                $"the config does not say it, and readers need {key.Name}");
        }
    }

    /// <summary>Refuses a model that the format cannot hold.</summary>
    /// <exception cref="UnsupportedConfigException">The condition does not hold.</exception>
    public void Require(bool condition, string configKey, string problem)
    {
        if (!condition)
        {
            throw new UnsupportedConfigException(Spec.Family, [configKey],
                $"{configKey}: {problem}. This model cannot be written as GGUF.");
        }
    }

    /// <summary>Refuses sliding windows shorter than the context.</summary>
    public void RequireNoWindow() => Require(
        Spec.Decoder!.Layers.All(l => l.Mixer is MixerSpec.Attention a && (a.Window == 0 || a.Window >= Spec.Context)),
        "sliding_window", $"GGUF files of {Architecture} have no key for it");

    /// <summary>Refuses activations that readers of the format do not apply.</summary>
    public void RequireActivation(params ReadOnlySpan<Activation> allowed)
    {
        foreach (StackSpec stack in new[] { Spec.Encoder, Spec.Decoder }.OfType<StackSpec>())
        {
            Activation own = stack.Agreed("activation", layer => InnerOf(layer).Activation);
            Require(allowed.Contains(own), "activation_function",
                $"readers of {Architecture} files apply {string.Join(" or ", allowed.ToArray())}, not {own}");
        }
    }

    /// <summary>Sets the keys, and the tensors, of rotary positions.</summary>
    public void SetRope(MixerSpec.Attention attention, bool partial)
    {
        var rope = (PositionSpec.Rope)attention.Position;
        Require(partial || rope.RotaryDim == attention.HeadDim, "partial_rotary_factor", "all features of a head must turn");
        SetDefault("rope.freq_base", (float)rope.Theta);
        Set("rope.dimension_count", (uint)rope.RotaryDim);
        switch (rope.Scaling)
        {
            case null:
                break;
            case RopeScaling.Linear linear:
                Set("rope.scaling.type", "linear");
                Set("rope.scaling.factor", (float)linear.Factor);
                break;
            case RopeScaling.Yarn yarn:
                double standard = 0.1 * PlainMath.Log(yarn.Factor) + 1;
                Set("rope.scaling.type", "yarn");
                Set("rope.scaling.factor", (float)yarn.Factor);
                Set("rope.scaling.original_context_length", (uint)yarn.TrainedLength);
                if (yarn is not { BetaFast: 32, BetaSlow: 1 })
                {
                    Set("rope.scaling.yarn_beta_fast", (float)yarn.BetaFast);
                    Set("rope.scaling.yarn_beta_slow", (float)yarn.BetaSlow);
                }

                if (Math.Abs(yarn.AttentionFactor - standard) > 1e-6)
                    Set("rope.scaling.attn_factor", (float)(yarn.AttentionFactor / standard));
                break;
            case RopeScaling.Llama3:
                _vectors.Add(("rope_freqs.weight", GgufRope.FactorsOf(rope)));
                break;
            case RopeScaling.LongRope longRope:
                SetLongRope(longRope);
                break;
            default:
                Require(false, "rope_scaling", $"GGUF has no {rope.Scaling.GetType().Name}");
                break;
        }
    }

    /// <summary>What all layers that have attention must agree on.</summary>
    private static int HeadsOf(StackSpec stack, string what, Func<MixerSpec.Attention, int> of)
    {
        LayerSpec[] layers = [.. stack.AttentionLayers().Select(found => stack.Layers[found.Layer])];
        return (stack with { Layers = layers }).AgreedAttention(what, of);
    }

    private static (int Width, Activation Activation) InnerOf(LayerSpec layer) => layer.FeedForward switch
    {
        FeedForwardSpec.Dense dense => (dense.Width, dense.Activation),
        FeedForwardSpec.Gated gated => (gated.Width, gated.Activation),
        FeedForwardSpec.Experts experts => (experts.Expert.Width, experts.Expert.Activation),
        FeedForwardSpec.Beside beside => (beside.Inner.Width, beside.Inner.Activation),
        _ => throw new NotSupportedException(
            $"The feed-forward layer {layer.FeedForward?.ToString() ?? "none"} has no width in GGUF."),
    };

    private void SetLongRope(RopeScaling.LongRope rope)
    {
        if (Architecture != "phi3")
        {
            Require(rope.ShortFactors.SequenceEqual(rope.LongFactors) && rope.AttentionFactor == 1, "rope_scaling",
                "two sets of factors are written for phi3 alone");
            _vectors.Add(("rope_freqs.weight", [.. rope.ShortFactors.Select(f => (float)f)]));
            return;
        }

        Set("rope.scaling.type", "longrope");
        Set("rope.scaling.original_context_length", (uint)rope.TrainedLength);
        Set("rope.scaling.attn_factor", (float)rope.AttentionFactor);
        _vectors.Add(("rope_factors_long.weight", [.. rope.LongFactors.Select(f => (float)f)]));
        _vectors.Add(("rope_factors_short.weight", [.. rope.ShortFactors.Select(f => (float)f)]));
    }
}
