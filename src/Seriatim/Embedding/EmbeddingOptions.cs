using Seriatim.Generation;

namespace Seriatim;

/// <summary>How texts become vectors. What is not said is as the model has it.</summary>
public sealed record EmbeddingOptions
{
    /// <summary>
    /// How rows become one vector. Null: as the model's own files say (<c>modules.json</c>, <c>1_Pooling</c>, a GGUF
    /// file's <c>pooling_type</c>), with the layers that follow; without such files the mean, of decoders the last
    /// row. A value takes the place of all that.
    /// </summary>
    public PoolingKind? Pooling { get; init; }

    /// <summary>Scale each vector to length 1. Null: if the model's files say so, or if there are none.</summary>
    public bool? Normalize { get; init; }

    /// <summary>
    /// Cut texts that are longer than the context. Models whose files have a greatest length cut there anyway; for others such a
    /// text is refused unless this is set. What was cut is said by <see cref="TextEncoder.TextsTruncated"/>.
    /// </summary>
    public bool Truncate { get; init; }
}
