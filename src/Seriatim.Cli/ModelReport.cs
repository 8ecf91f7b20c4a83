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
/// <param name="Attention">Positions, windows and caps in words.</param>
/// <param name="FeedForward">The feed-forward layer in words.</param>
/// <param name="TiedHead">Whether the output projection is the token embedding.</param>
/// <param name="BytesPerToken">Memory of one token of context.</param>
/// <param name="CacheLength">Length the next figure is for.</param>
/// <param name="CacheBytes">Memory of the KV cache at that length.</param>
internal sealed record ModelReport(
    string Model, string Architecture, string Task, long Parameters, long WeightBytes, int Vocabulary, int? Context, int EncoderLayers,
    int DecoderLayers, int Width, int Heads, int KeyValueHeads, int HeadDim, string Attention, string FeedForward, bool TiedHead,
    long BytesPerToken, int CacheLength, long CacheBytes)
{
    public static ModelReport Of(Model model, string name, int length)
    {
        ModelSpec spec = model.Spec;
        StackSpec stack = spec.Last;
        LayerSpec layer = stack.Layers[0];
        var attention = (MixerSpec.Attention)layer.Mixer;
        long perToken = model.BytesPerPosition;
        return new ModelReport(name, spec.Family, $"{spec.Task}", model.ParameterCount, model.WeightBytes, stack.Vocabulary,
            spec.Context == int.MaxValue ? null : spec.Context, spec.Encoder?.Layers.Count ?? 0, spec.Decoder?.Layers.Count ?? 0, stack.Width,
            attention.Heads, attention.KeyValueHeads, attention.HeadDim, Describe(stack), Describe(layer.FeedForward), spec.Head.Tied,
            perToken, length, perToken * length);
    }

    public IEnumerable<(string Name, string Value)> Rows()
    {
        yield return ("model", Model);
        yield return ("architecture", $"{Architecture}, {Task}");
        yield return ("parameters", $"{Parameters:N0}");
        yield return ("weights", Terminal.Bytes(WeightBytes));
        yield return ("vocabulary", $"{Vocabulary:N0}{(TiedHead ? ", tied to the output" : "")}");
        yield return ("context", Context is { } context ? $"{context:N0} tokens" : "not limited");
        yield return ("layers", EncoderLayers > 0 && DecoderLayers > 0 ? $"{EncoderLayers} encoder, {DecoderLayers} decoder" : $"{EncoderLayers + DecoderLayers}");
        yield return ("width", $"{Width:N0}");
        yield return ("attention", $"{Heads} heads of {HeadDim}, {KeyValueHeads} key/value heads{Attention}");
        yield return ("feed-forward", FeedForward);
        if (BytesPerToken == 0)
            yield break;
        yield return ("memory of a token", $"{Terminal.Bytes(BytesPerToken)} of keys and values");
        yield return ("KV cache", $"{Terminal.Bytes(CacheBytes)} at {CacheLength:N0} tokens");
    }

    private static string Describe(StackSpec stack)
    {
        var attentions = stack.Layers.Select(l => l.Mixer).OfType<MixerSpec.Attention>().ToList();
        MixerSpec.Attention first = attentions[0];
        var parts = new List<string>();
        PositionSpec position = first.Position is PositionSpec.None ? stack.Position : first.Position;
        parts.Add(position switch
        {
            PositionSpec.Rope rope => $"rotary positions (base {rope.Theta:0}, {rope.RotaryDim} features{(rope.Scaling is { } scaling ? $", scaled {scaling.GetType().Name}" : "")})",
            PositionSpec.Learned => "learned positions",
            PositionSpec.Sinusoidal => "sinusoidal positions",
            PositionSpec.RelativeBias => "relative position bias",
            PositionSpec.Alibi => "ALiBi",
            _ => "no positions",
        });
        int windows = attentions.Count(a => a.Window > 0);
        if (windows > 0)
            parts.Add($"window of {attentions.Max(a => a.Window):N0} in {windows} of {attentions.Count} layers");
        if (first.SoftCap > 0)
            parts.Add($"scores capped at {first.SoftCap}");
        return ", " + string.Join(", ", parts);
    }

    private static string Describe(FeedForwardSpec spec) => spec switch
    {
        FeedForwardSpec.Gated gated => $"gated {gated.Activation}, {gated.Width:N0}",
        FeedForwardSpec.Dense dense => $"{dense.Activation}, {dense.Width:N0}",
        FeedForwardSpec.Experts experts => $"{experts.PerToken} of {experts.Count} experts, each {Describe(experts.Expert)}",
        _ => spec.GetType().Name,
    };
}
