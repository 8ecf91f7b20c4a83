namespace Seriatim.Models;

/// <summary>
/// Compares two models by what their forward passes compute. Dropout, frozen ids and the name of the family do not
/// count; a window as wide as the context is none. Which fields there are is decided by the equality of the
/// records; the list of names here only says where.
/// </summary>
internal sealed class SpecComparer
{
    private readonly OrderedDictionary<string, (object? Own, object? Other, int Count)> _found = [];
    private readonly Func<PositionSpec.Rope, PositionSpec.Rope, bool> _sameScaling;

    private SpecComparer(Func<PositionSpec.Rope, PositionSpec.Rope, bool> sameScaling) => _sameScaling = sameScaling;

    /// <summary>Every difference: the field, its value in the model, its value in the other.</summary>
    /// <param name="own">The model.</param>
    /// <param name="other">The other.</param>
    /// <param name="sameScaling">Whether two rotary positions are stretched alike.</param>
    public static IReadOnlyList<(string Field, string Own, string Other)> Differences(
        ModelSpec own, ModelSpec other, Func<PositionSpec.Rope, PositionSpec.Rope, bool> sameScaling)
    {
        var comparer = new SpecComparer(sameScaling);
        comparer.Compare(own, other);
        return [.. comparer._found.Select(pair => (pair.Value.Count > 1 ? $"{pair.Key} (in {pair.Value.Count} layers)" : pair.Key,
            Show(pair.Value.Own), Show(pair.Value.Other)))];
    }

    private void Compare(ModelSpec own, ModelSpec other)
    {
        Add("task", own.Task, other.Task);
        Add("context", own.Context, other.Context);
        Add("shared embedding", own.SharedEmbedding, other.SharedEmbedding);
        Compare("head", own.Head, other.Head);
        Compare("encoder", own.Encoder, other.Encoder, own.Context, other.Context);
        Compare("decoder", own.Decoder, other.Decoder, own.Context, other.Context);
        ModelSpec plain = own with
        {
            Family = other.Family,
            Dropout = other.Dropout,
            Encoder = other.Encoder,
            Decoder = other.Decoder,
        };
        Rest("model", plain, other);
    }

    private void Compare(string path, HeadSpec own, HeadSpec other)
    {
        Add($"{path}.outputs", own.Outputs, other.Outputs);
        Add($"{path}.tied", own.Tied, other.Tied);
        Add($"{path}.bias", own.Bias, other.Bias);
        Add($"{path}.scale", own.Scale, other.Scale);
        Add($"{path}.soft cap", own.SoftCap, other.SoftCap);
        Add($"{path}.transform", own.Transform, other.Transform);
        Rest(path, own, other);
    }

    private void Compare(string path, StackSpec? own, StackSpec? other, int ownContext, int otherContext)
    {
        if (own is null || other is null)
        {
            Add(path, own is null ? "missing" : "there", other is null ? "missing" : "there");
            return;
        }

        Add($"{path}.vocabulary", own.Vocabulary, other.Vocabulary);
        Add($"{path}.width", own.Width, other.Width);
        Add($"{path}.embedding width", own.EmbeddingWidth, other.EmbeddingWidth);
        Add($"{path}.embedding scale", own.EmbeddingScale, other.EmbeddingScale);
        Add($"{path}.embedding norm", own.EmbeddingNorm, other.EmbeddingNorm);
        Add($"{path}.final norm", own.FinalNorm, other.FinalNorm);
        Add($"{path}.token types", own.TokenTypes, other.TokenTypes);
        Add($"{path}.layer inputs", own.LayerInputs, other.LayerInputs);
        (own, other) = (own with { Position = Plain(own.Position) }, other with { Position = Plain(other.Position) });
        Add($"{path}.position", own.Position, other.Position);
        Add($"{path}.layers", own.Layers.Count, other.Layers.Count);
        foreach ((LayerSpec a, LayerSpec b) in own.Layers.Zip(other.Layers))
            Compare($"{path}.layer", Plain(a, ownContext), Plain(b, otherContext));
        Rest(path, own with { Layers = other.Layers, FrozenId = other.FrozenId, EmbeddingWidth = own.EmbeddingWidth },
            other with { EmbeddingWidth = other.EmbeddingWidth });
    }

    private void Compare(string path, LayerSpec own, LayerSpec other)
    {
        int before = _found.Values.Sum(value => value.Count);
        Add($"{path}.placement", own.Placement, other.Placement);
        Add($"{path}.norm", own.Norm, other.Norm);
        Add($"{path}.residual", own.Residual, other.Residual);
        Add($"{path}.residual scale", own.ResidualScale, other.ResidualScale);
        Add($"{path}.output factor", own.OutputFactor, other.OutputFactor);
        if (own.FeedForward is { } inner && inner.GetType() == other.FeedForward?.GetType())
            Compare($"{path}.feed-forward", inner, other.FeedForward);
        else
            Add($"{path}.feed-forward", own.FeedForward, other.FeedForward);
        own = own with { Mixer = Compare($"{path}.attention", own.Mixer, other.Mixer) };
        Add($"{path}.cross", own.Cross, other.Cross);
        if (own != other && before == _found.Values.Sum(value => value.Count))
            Add(path, own, other);
    }

    private void Compare(string path, FeedForwardSpec own, FeedForwardSpec other)
    {
        switch (own, other)
        {
            case (FeedForwardSpec.Dense a, FeedForwardSpec.Dense b):
                Add($"{path} width", a.Width, b.Width);
                Add($"{path} activation", a.Activation, b.Activation);
                Add($"{path} bias", a.Bias, b.Bias);
                break;
            case (FeedForwardSpec.Gated a, FeedForwardSpec.Gated b):
                Add($"{path} width", a.Width, b.Width);
                Add($"{path} activation", a.Activation, b.Activation);
                Add($"{path} bias", a.Bias, b.Bias);
                Add($"{path} limit", (a.Limit, a.UpTerm), (b.Limit, b.UpTerm));
                Add($"{path} scales", (a.GateScale, a.OutputScale), (b.GateScale, b.OutputScale));
                break;
            case (FeedForwardSpec.Beside a, FeedForwardSpec.Beside b):
                Add($"{path} norm", a.Norm, b.Norm);
                Compare($"{path} dense", a.Inner, b.Inner);
                Compare($"{path} mixture", a.Mixture, b.Mixture);
                break;
            case (FeedForwardSpec.Experts a, FeedForwardSpec.Experts b):
                Add($"{path} experts", a.Count, b.Count);
                Add($"{path} experts of a row", a.PerToken, b.PerToken);
                Add($"{path} experts renormalised", a.Router.Renormalise, b.Router.Renormalise);
                Add($"{path} router", a.Router with { PerToken = 0, Renormalise = false },
                    b.Router with { PerToken = 0, Renormalise = false });
                Add($"{path} shared expert", (a.Shared, a.SharedGate), (b.Shared, b.SharedGate));
                Compare($"{path} expert", a.Expert, b.Expert);
                break;
        }
    }

    /// <summary>Returns the own one with what was found alike made the same.</summary>
    private MixerSpec Compare(string path, MixerSpec own, MixerSpec other)
    {
        if (own is not MixerSpec.Attention a || other is not MixerSpec.Attention b)
        {
            Add(path, own.Computed, other.Computed);
            return other;
        }

        Add($"{path} heads", a.Heads, b.Heads);
        Add($"{path} key/value heads", a.KeyValueHeads, b.KeyValueHeads);
        Add($"{path} head features", a.HeadDim, b.HeadDim);
        Add($"{path} scale", a.Scale, b.Scale);
        Add($"{path} window", a.Window, b.Window);
        Add($"{path} chunk", (a.Chunk, a.ChunksBefore), (b.Chunk, b.ChunksBefore));
        Add($"{path} soft cap", a.SoftCap, b.SoftCap);
        Add($"{path} input bias", a.InputBias, b.InputBias);
        Add($"{path} output bias", a.OutputBias, b.OutputBias);
        Add($"{path} limit of projections", a.Limit, b.Limit);
        Add($"{path} norm of queries and keys", a.HeadNorm, b.HeadNorm);
        Add($"{path} norm of values", a.ValueNorm, b.ValueNorm);
        Add($"{path} values are keys", a.ValuesAreKeys, b.ValuesAreKeys);
        Add($"{path} keys of another layer", a.KeysOf, b.KeysOf);
        Add($"{path} output gate", a.OutputGate, b.OutputGate);
        Add($"{path} sink logits", a.SinkLogits, b.SinkLogits);
        Add($"{path} temperature", a.Temperature, b.Temperature);
        if (a.Position is not PositionSpec.Rope rope || b.Position is not PositionSpec.Rope read)
        {
            Add($"{path} position", a.Position, b.Position);
            return a;
        }

        Add($"{path} rope base", rope.Theta, read.Theta);
        Add($"{path} rope features", rope.RotaryDim, read.RotaryDim);
        Add($"{path} rope pairing", rope.Pairing, read.Pairing);
        Add($"{path} rope pairs that do not turn", rope.StillPairs, read.StillPairs);
        bool same = rope.RotaryDim == read.RotaryDim && _sameScaling(rope, read);
        if (!same)
            Add($"{path} rope scaling", rope.Scaling?.ToString() ?? "none", read.Scaling?.ToString() ?? "none");
        return a with { Position = same ? rope with { Scaling = read.Scaling } : rope };
    }

    private void Rest<T>(string path, T own, T other)
    {
        if (!Equals(own, other) && !_found.Keys.Any(key => key.StartsWith(path, StringComparison.Ordinal))
            && !(path == "model" && _found.Count > 0))
        {
            Add(path, own, other);
        }
    }

    private void Add<T>(string field, T own, T other)
    {
        if (EqualityComparer<T>.Default.Equals(own, other))
            return;
        _found[field] = _found.TryGetValue(field, out (object? Own, object? Other, int Count) first)
            ? first with { Count = first.Count + 1 }
            : (own, other, 1);
    }

    /// <summary>Rows of a table before that of position 0 are read by nobody.</summary>
    private static PositionSpec Plain(PositionSpec position) =>
        position is PositionSpec.Learned learned ? learned with { Offset = 0 } : position;

    private static LayerSpec Plain(LayerSpec layer, int context) =>
        layer.Mixer is MixerSpec.Attention attention && attention.Window >= context
            ? layer with { Mixer = attention with { Window = 0 } }
            : layer;

    private static string Show(object? value) => value switch
    {
        null => "none",
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => $"{value}",
    };
}
