namespace Seriatim.Models;

/// <summary>Where a layer finds its part of a memory.</summary>
/// <param name="Kind">Number of its kind: its place in <see cref="SequenceMemory.Stores"/>.</param>
/// <param name="Layer">Its number within the kind.</param>
internal readonly record struct MemoryPlace(int Kind, int Layer);

/// <summary>The kinds of memory that the layers of a stack make necessary, and each layer's place in them.</summary>
internal sealed class MemoryLayout
{
    private readonly List<MemoryKind> _kinds = [];
    private readonly MemoryPlace[] _mixers;
    private readonly MemoryPlace[] _cross;

    public MemoryLayout(StackSpec stack)
    {
        // The layers' own come first, so that they are found in the same place with and without an encoder.
        _mixers = [.. stack.Layers.Select(layer => Place(KindOf(layer.Mixer)))];
        _cross = [.. stack.Layers.Select(layer =>
            layer.Cross is { } cross ? Place(new MemoryKind.CrossPages(cross.KeyValueHeads, cross.HeadDim)) : default)];
    }

    public IReadOnlyList<MemoryKind> Kinds => _kinds;

    public MemoryPlace OfMixer(int layer) => _mixers[layer];

    public MemoryPlace OfCross(int layer) => _cross[layer];

    /// <summary>The one place where a mixer is given its kind of memory.</summary>
    private static MemoryKind KindOf(MixerSpec mixer) => mixer switch
    {
        MixerSpec.Attention attention => new MemoryKind.Pages(attention.KeyValueHeads, attention.HeadDim),
        MixerSpec.GatedRecurrence recurrence => new MemoryKind.States(recurrence.Width),
        _ => throw new NotSupportedException($"What the mixer {mixer} remembers is not known."),
    };

    private MemoryPlace Place(MemoryKind layer)
    {
        int kind = _kinds.FindIndex(k => k.TryAdd(layer));
        if (kind < 0)
        {
            kind = _kinds.Count;
            layer.TryAdd(layer);
            _kinds.Add(layer);
        }

        return new MemoryPlace(kind, _kinds[kind].Layers - 1);
    }
}
