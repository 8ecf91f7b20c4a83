namespace Seriatim.Inspection;

/// <summary>
/// What is wanted of a pass. Only that is read: what a view does not show is neither copied nor computed again.
/// </summary>
public sealed record CaptureFilter
{
    /// <summary>What kinds of values.</summary>
    public required CaptureKinds Kinds { get; init; }

    /// <summary>Of which stack; null: of all there are.</summary>
    public StackSide? Stack { get; init; }

    /// <summary>Of which layers, from 0; null: of all.</summary>
    public IReadOnlyCollection<int>? Layers { get; init; }

    /// <summary>Of which heads (of keys and values: their own); null: of all.</summary>
    public IReadOnlyCollection<int>? Heads { get; init; }

    /// <summary>Of which positions of the text; null: of all.</summary>
    public IReadOnlyCollection<int>? Rows { get; init; }

    /// <summary>How many of the best tokens the logit lens tells of each row, at least 1.</summary>
    public int LensTop { get; init; } = 5;

    internal bool Has(CaptureKinds kind) => (Kinds & kind) != 0;

    internal bool WantsLayer(StackSide stack, int layer) =>
        (Stack is null || Stack == stack) && (Layers is null || Layers.Contains(layer));

    /// <summary>Whether nothing that lies behind a layer of a stack is wanted.</summary>
    internal bool EndsWith(StackSide stack, int layer) => Stack == stack && Layers is { Count: > 0 } layers
        && layers.Max() <= layer && (Kinds & (CaptureKinds.Hidden | CaptureKinds.Logits)) == 0;

    internal IEnumerable<int> WantedHeads(int heads) =>
        Heads?.Where(head => (uint)head < (uint)heads).Distinct().Order() ?? Enumerable.Range(0, heads);

    internal IEnumerable<int> WantedRows(int past, int rows) =>
        Rows?.Where(row => row >= past && row < past + rows).Distinct().Order() ?? Enumerable.Range(past, rows);
}
