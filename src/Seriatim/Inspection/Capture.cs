namespace Seriatim.Inspection;

/// <summary>What was seen of a pass, and no more than was asked for.</summary>
public sealed record Capture
{
    /// <summary>Rows of values, in the order they were computed.</summary>
    public required IReadOnlyList<CapturedRow> Rows { get; init; }

    /// <summary>Rows of attention.</summary>
    public required IReadOnlyList<CapturedAttention> Attention { get; init; }

    /// <summary>Choices of routers.</summary>
    public required IReadOnlyList<CapturedExperts> Experts { get; init; }

    /// <summary>What each layer would say.</summary>
    public required IReadOnlyList<CapturedLens> Lens { get; init; }

    /// <summary>Bytes that were read back for it.</summary>
    public required long BytesRead { get; init; }

    /// <summary>
    /// Layers that were computed for it, of both stacks: those behind all that was asked for are left out.
    /// </summary>
    public required int LayersRun { get; init; }

    /// <summary>Rows of one kind.</summary>
    public IEnumerable<CapturedRow> Of(CaptureKinds kind) => Rows.Where(row => row.Kind == kind);

    /// <summary>The logits of a position; null: they were not asked for.</summary>
    public float[]? LogitsOf(int position) =>
        Rows.FirstOrDefault(row => row.Kind == CaptureKinds.Logits && row.Position == position)?.Values;
}
