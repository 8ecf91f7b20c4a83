namespace Seriatim.Generation;

/// <summary>What was read.</summary>
/// <param name="Embedding">E numbers, if <see cref="EncodingRequest.Pooling"/> was set; else null.</param>
/// <param name="Logits">
/// For each of <see cref="EncodingRequest.LogitsAt"/> the logits, V numbers (of classifiers: the classes).
/// </param>
public sealed record EncodingResult(float[]? Embedding, IReadOnlyList<float[]> Logits);
