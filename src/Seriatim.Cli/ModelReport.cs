using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>The facts <c>seriatim inspect</c> shows.</summary>
/// <param name="Model">What was asked for.</param>
/// <param name="Architecture">Model type of the config.</param>
/// <param name="Task">What the logits mean.</param>
/// <param name="Parameters">Trained values.</param>
/// <param name="WeightBytes">Memory of the weights.</param>
/// <param name="Vocabulary">Token ids.</param>
/// <param name="Context">Most positions of a sequence; null where nothing limits it.</param>
/// <param name="EncoderLayers">Layers of the encoder, 0 for none.</param>
/// <param name="DecoderLayers">Layers of the decoder, 0 for none.</param>
/// <param name="Width">Features of a row.</param>
/// <param name="Heads">Query heads of a layer.</param>
/// <param name="KeyValueHeads">Key/value heads of a layer.</param>
/// <param name="HeadDim">Features of a head.</param>
/// <param name="Attention">Heads, positions, windows and caps in words.</param>
/// <param name="FeedForward">The feed-forward layer in words.</param>
/// <param name="TiedHead">Whether the output projection is the token embedding.</param>
/// <param name="BytesPerToken">Memory of one token of context.</param>
/// <param name="CacheLength">Length the next figure is for.</param>
/// <param name="CacheBytes">Memory of the KV cache at that length.</param>
internal sealed record ModelReport(
    string Model, string Architecture, string Task, long Parameters, long WeightBytes, int Vocabulary, int? Context,
    int EncoderLayers, int DecoderLayers, int Width, int Heads, int KeyValueHeads, int HeadDim, string Attention,
    string FeedForward, bool TiedHead, long BytesPerToken, int CacheLength, long CacheBytes)
{
    /// <summary>How a row knows its place: rotary, learned, axial, sinusoidal, relative_bias, alibi or none.</summary>
    public required string Positions { get; init; }

    /// <summary>Base of the wave lengths of rotary positions; null: they are others.</summary>
    public double? RopeBase { get; init; }

    /// <summary>Features of a head that turn; null: none.</summary>
    public int? RopeFeatures { get; init; }

    /// <summary>How rotary positions are stretched: linear, dynamic, yarn, llama3, longrope; null: not at all.</summary>
    public string? RopeScaling { get; init; }

    /// <summary>The widest window of a layer; null: no layer has one.</summary>
    public int? Window { get; init; }

    /// <summary>Layers with a window.</summary>
    public int WindowedLayers { get; init; }

    /// <summary>Where scores are capped; null: nowhere.</summary>
    public float? ScoreCap { get; init; }

    /// <summary>Whether each step reads the whole text again, and the ids are all that is remembered.</summary>
    public bool ReadsAgain { get; init; }

    /// <summary>Memory of the recurrent layers of a sequence, however long it is; null: there are none.</summary>
    public long? BytesPerState { get; init; }

    /// <summary>Keys of a GGUF file that other programs left there, and that were not read.</summary>
    public IReadOnlyList<string> IgnoredKeys { get; init; } = [];

    /// <summary>How the matrices of the file are used, those alike together.</summary>
    public IReadOnlyList<TensorGroup> Matrices { get; init; } = [];

    /// <summary>Tensors of the file that nothing was made of, those of one reason together.</summary>
    public IReadOnlyList<SkippedGroup> Skipped { get; init; } = [];

    public static ModelReport Of(Model model, string name, int length)
    {
        ModelSpec spec = model.Spec;
        StackSpec stack = spec.Last;
        MixerSpec.Attention[] layers = [.. stack.AttentionLayers().Select(l => l.Attention)];

        // Where layers differ, the words below say so; the numbers are those of the first layer that has attention.
        MixerSpec.Attention attention = layers.FirstOrDefault() ?? new MixerSpec.Attention(0, 0, 0, 0);
        long perToken = model.BytesPerPosition;
        var rope = attention.Position as PositionSpec.Rope;
        MixerSpec.Attention[] windowed = [.. layers.Where(a => a.Sight > 0)];
        var report = new ModelReport(name, spec.Family, $"{spec.Task}", model.ParameterCount, model.WeightBytes, stack.Vocabulary,
            spec.Context == int.MaxValue ? null : spec.Context, spec.Encoder?.Layers.Count ?? 0,
            spec.Decoder?.Layers.Count ?? 0, stack.Width, attention.Heads, attention.KeyValueHeads, attention.HeadDim, "",
            InWords(stack), spec.Head.Tied, perToken, length, perToken * length)
        {
            Positions = Kind(attention.Position is PositionSpec.None ? stack.Position : attention.Position),
            RopeBase = rope?.Theta,
            RopeFeatures = rope?.RotaryDim,
            RopeScaling = Kind(rope?.Scaling),
            Window = windowed.Length > 0 ? windowed.Max(a => a.Sight) : null,
            WindowedLayers = windowed.Length,
            ScoreCap = attention.SoftCap > 0 ? attention.SoftCap : null,
            ReadsAgain = stack.ReadsAgain,
            BytesPerState = model.BytesPerState > 0 ? model.BytesPerState : null,
            IgnoredKeys = model.Config.IgnoredKeys,
            Matrices = TensorGroup.Of(model.TensorUses),
            Skipped = SkippedGroup.Of(model.SkippedTensors),
        };
        return report with { Attention = report.InWords(stack, layers) };
    }

    public IEnumerable<(string Name, string Value)> Rows()
    {
        yield return ("model", Model);
        yield return ("architecture", $"{Architecture}, {Task}");
        yield return ("parameters", $"{Parameters:N0}");
        yield return ("weights", Terminal.Bytes(WeightBytes));
        yield return ("vocabulary", $"{Vocabulary:N0}{(TiedHead ? ", tied to the output" : "")}");
        yield return ("context", Context is { } context ? $"{context:N0} tokens" : "not limited");
        yield return ("layers", EncoderLayers > 0 && DecoderLayers > 0
            ? $"{EncoderLayers} encoder, {DecoderLayers} decoder"
            : $"{EncoderLayers + DecoderLayers}");
        yield return ("width", $"{Width:N0}");
        yield return ("attention", Attention);
        yield return ("feed-forward", FeedForward);
        if (ReadsAgain)
        {
            yield return ("memory of a token", $"{Terminal.Bytes(BytesPerToken)}: its id; each step reads the whole text again");
        }
        else if (BytesPerToken > 0)
        {
            yield return ("memory of a token", $"{Terminal.Bytes(BytesPerToken)} of keys and values");
            yield return ("KV cache", $"{Terminal.Bytes(CacheBytes)} at {CacheLength:N0} tokens");
        }

        if (BytesPerState is { } state)
            yield return ("memory of a sequence", $"{Terminal.Bytes(state)} of recurrent states");
        foreach (TensorGroup group in Matrices)
            yield return ($"{group.Tensors} {(group.Tensors == 1 ? "matrix" : "matrices")}", group.InWords);
        foreach (SkippedGroup group in Skipped)
            yield return ($"{group.Names.Count} skipped", $"{group.InWords}: {group.Reason}");
        if (IgnoredKeys.Count > 0)
            yield return ("ignored keys", string.Join(", ", IgnoredKeys));
    }

    private string InWords(StackSpec stack, MixerSpec.Attention[] attention)
    {
        int layers = stack.Layers.Count;
        string others = string.Join(", ",
            stack.Layers.Select(l => l.Mixer).Where(mixer => mixer is not MixerSpec.Attention).GroupBy(mixer => mixer.InWords)
            .Select(group => $"{group.Key} in {group.Count()} of {layers} layers"));
        if (attention.Length == 0)
            return Positions == "none" ? others : $"{others}, {PositionsInWords()}";
        List<string> parts = [string.Join("; ", attention.GroupBy(a => (a.Heads, a.HeadDim, a.KeyValueHeads)).Select(group =>
            $"{group.Key.Heads} heads of {group.Key.HeadDim}, {group.Key.KeyValueHeads} key/value heads"
            + (group.Count() == layers ? "" : $" in {group.Count()} of {layers} layers")))];
        parts.Add(PositionsInWords());
        if (Window is { } window)
            parts.Add(FormattableString.Invariant($"window of {window:N0} in {WindowedLayers} of {layers} layers"));
        if (ScoreCap is { } cap)
            parts.Add(FormattableString.Invariant($"scores capped at {cap}"));
        if (others.Length > 0)
            parts.Add(others);
        return string.Join(", ", parts);
    }

    private string PositionsInWords()
    {
        string stretched = RopeScaling is { } scaling ? $", scaled {scaling}" : "";
        return Positions switch
        {
            "rotary" =>
                FormattableString.Invariant($"rotary positions (base {RopeBase:0.###}, {RopeFeatures} features{stretched})"),
            "learned" => "learned positions",
            "axial" => "axial positions",
            "sinusoidal" => "sinusoidal positions",
            "relative_bias" => "relative position bias",
            "alibi" => "ALiBi",
            _ => "no positions",
        };
    }

    private static string InWords(StackSpec stack)
    {
        string[] kinds = [.. stack.Layers.GroupBy(l => Describe(l.FeedForward)).Select(group =>
            group.Count() == stack.Layers.Count ? group.Key : $"{group.Key} in {group.Count()} of {stack.Layers.Count} layers")];
        return string.Join("; ", kinds);
    }

    private static string Kind(PositionSpec position) => position switch
    {
        PositionSpec.Rope => "rotary",
        PositionSpec.Learned => "learned",
        PositionSpec.Axial => "axial",
        PositionSpec.Sinusoidal => "sinusoidal",
        PositionSpec.RelativeBias => "relative_bias",
        PositionSpec.Alibi => "alibi",
        _ => "none",
    };

    /// <summary>The name that configs have for it.</summary>
    private static string? Kind(RopeScaling? scaling) => scaling switch
    {
        null => null,
        Models.RopeScaling.Linear => "linear",
        Models.RopeScaling.Ntk => "ntk",
        Models.RopeScaling.DynamicNtk => "dynamic",
        Models.RopeScaling.Yarn => "yarn",
        Models.RopeScaling.Llama3 => "llama3",
        Models.RopeScaling.LongRope => "longrope",
        _ => scaling.GetType().Name,
    };

    private static string Describe(FeedForwardSpec? spec) => spec switch
    {
        null => "none",
        FeedForwardSpec.Gated gated => $"gated {gated.Activation}, {gated.Width:N0}",
        FeedForwardSpec.Dense dense => $"{dense.Activation}, {dense.Width:N0}",
        FeedForwardSpec.Experts experts => $"{experts.PerToken} of {experts.Count} experts, each {Describe(experts.Expert)}",
        _ => spec.GetType().Name,
    };
}
