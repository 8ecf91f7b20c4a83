namespace Seriatim.Models;

/// <summary>
/// Some of the layers of a decoder, those that one process holds when a model is cut across several (decision 045). The first
/// stage also has what is no layer: embedding, last norm and head.
/// </summary>
/// <param name="First">The first layer.</param>
/// <param name="End">The layer after the last one.</param>
public sealed record ModelStage(int First, int End)
{
    /// <summary>Number of layers.</summary>
    public int Count => End - First;

    /// <summary>Whether it begins with the first layer.</summary>
    public bool IsFirst => First == 0;

    /// <summary>Whether a layer is one of these.</summary>
    /// <param name="layer">Its number.</param>
    public bool Has(int layer) => layer >= First && layer < End;

    /// <summary>Bytes that one position of one sequence takes in the memory of this stage.</summary>
    /// <param name="spec">The whole model.</param>
    /// <param name="type">How keys and values are stored.</param>
    public long BytesPerPosition(ModelSpec spec, KeyValueType type) =>
        new MemoryLayout(spec.Last, this).Kinds.Sum(kind => kind.BytesPerPosition(type));

    /// <summary>Bytes of the states of one sequence in the memory of this stage.</summary>
    /// <param name="spec">The whole model.</param>
    public long BytesPerState(ModelSpec spec) => new MemoryLayout(spec.Last, this).Kinds.Sum(kind => kind.BytesPerState);

    /// <inheritdoc/>
    public override string ToString() => Count == 1 ? $"layer {First}" : $"layers {First} to {End - 1}";
}
