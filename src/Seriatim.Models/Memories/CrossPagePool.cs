namespace Seriatim.Models;

/// <summary>Pages for the keys and values that cross-attention layers of one shape make of the encoder's output.</summary>
/// <param name="storage">Where the keys and values lie.</param>
public sealed class CrossPagePool(KeyValuePool storage) : PagePool(storage)
{
    /// <inheritdoc/>
    public override string Name => "pages of cross-attention";

    /// <inheritdoc/>
    public override int Growth => 0;

    /// <inheritdoc/>
    public override LayerMemory NewMemory(AttentionWindow? reach) => new CrossMemory(this);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: an encoder's output belongs to its request.</exception>
    public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) =>
        throw new NotSupportedException("What a decoder remembers of its encoder's output is not shared between requests.");

    /// <inheritdoc/>
    public override int Need(int length, in MemoryStep step) => length == 0 ? PagesFor(step.EncoderRows) : 0;

    /// <inheritdoc/>
    public override long Missing(int length, in MemoryDemand demand) => length == 0 ? PagesFor(demand.EncoderRows) : 0;

    /// <inheritdoc/>
    public override long Most(in MemoryDemand demand) => PagesFor(demand.EncoderRows);

    /// <inheritdoc/>
    public override string Remedy => "Give the engine more memory.";

    /// <inheritdoc/>
    public override string Describe(in MemoryDemand demand) => Name;
}
