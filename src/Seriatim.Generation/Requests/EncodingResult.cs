namespace Seriatim.Generation;

/// <summary>What was read.</summary>
public sealed record EncodingResult
{
    /// <summary>E numbers, if <see cref="EncodingRequest.Pooling"/> was set; else null.</summary>
    public float[]? Embedding { get; init; }

    /// <summary>
    /// For each of <see cref="EncodingRequest.LogitsAt"/> the logits, V numbers (of classifiers: the classes).
    /// </summary>
    public required IReadOnlyList<float[]> Logits { get; init; }
}
