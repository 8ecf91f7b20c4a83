namespace Seriatim.Models;

/// <summary>A matrix in a <see cref="PackCache"/>.</summary>
/// <param name="Path">Its path in the model, with its ending.</param>
/// <param name="Kind">Type, order and shape in words: what is asked for must have the same.</param>
/// <param name="Scale">The factor of a matrix in blocks.</param>
/// <param name="Offset">First byte in the file.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Samples">Hash of samples of them.</param>
internal sealed record PackCacheEntry(string Path, string Kind, float Scale, long Offset, long Length, string Samples);
