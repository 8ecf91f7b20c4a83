namespace Seriatim.Models;

/// <summary>Where a layer finds its part of a memory.</summary>
/// <param name="Kind">Number of its kind: its place in <see cref="SequenceMemory.Stores"/>.</param>
/// <param name="Layer">Its number within the kind; of a layer with several states the first one's.</param>
internal readonly record struct MemoryPlace(int Kind, int Layer);

/// <summary>The kinds of memory that the layers of a stack make necessary, and each layer's place in them.</summary>
internal sealed class MemoryLayout
{
    private readonly List<MemoryKind> _kinds = [];
    private readonly MemoryPlace[][] _mixers;
    private readonly MemoryPlace[] _cross;

    /// <param name="stack">The stack.</param>
    /// <param name="stage">
    /// The layers that are here; null: all. Kinds are those of the whole stack, so that one plan serves all stages.
    /// </param>
    public MemoryLayout(StackSpec stack, ModelStage? stage = null)
    {
        IsTokens = stack.ReadsAgain;
        if (IsTokens)
        {
            _kinds.Add(new MemoryKind.Tokens());
            _cross = new MemoryPlace[stack.Layers.Count];
            _mixers = [.. stack.Layers.Select(layer => new MemoryPlace[layer.Mixer.Parts.Count])];
            return;
        }

        // The layers' own come first, so that they are found in the same place with and without an encoder.
        _mixers = new MemoryPlace[stack.Layers.Count][];
        for (int i = 0; i < _mixers.Length; i++)
        {
            MixerSpec mixer = stack.Layers[i].Mixer;
            _mixers[i] = mixer.MemoryOf is { } other
                ? _mixers[other]
                : [.. mixer.Parts.Select(part => part.Remembers() is { } kind ? Place(kind, stage?.Has(i) ?? true) : default)];
        }

        _cross = [.. stack.Layers.Select(layer =>
            layer.Cross is { } cross ? Place(new MemoryKind.CrossPages(cross.KeyValueHeads, cross.HeadDim)) : default)];
    }

    public IReadOnlyList<MemoryKind> Kinds => _kinds;

    /// <summary>Whether the ids are all that is remembered, and each step reads the sequence again.</summary>
    public bool IsTokens { get; }

    /// <summary>The place of a layer's mixer: of its first part, if it has several.</summary>
    public MemoryPlace OfMixer(int layer) => _mixers[layer][0];

    /// <summary>The places of the parts of a layer's mixer.</summary>
    public IReadOnlyList<MemoryPlace> OfParts(int layer) => _mixers[layer];

    public MemoryPlace OfCross(int layer) => _cross[layer];

    private MemoryPlace Place(MemoryKind layer, bool isHere = true)
    {
        for (int kind = 0; kind < _kinds.Count; kind++)
        {
            if (_kinds[kind].TryAdd(layer, isHere) is var place and >= 0)
                return new MemoryPlace(kind, place);
        }

        _kinds.Add(layer);
        return new MemoryPlace(_kinds.Count - 1, layer.TryAdd(layer, isHere));
    }
}
