using System.Collections.Immutable;

namespace Seriatim.Models;

/// <summary>The header of a file before it is written.</summary>
/// <param name="path">The file.</param>
/// <param name="metadata">Its keys.</param>
/// <param name="shapes">Its tensors.</param>
/// <param name="vectors">Those of them that belong to the metadata.</param>
internal sealed class GgufDraft(
    string path, IReadOnlyDictionary<string, object> metadata, IReadOnlyDictionary<string, ImmutableArray<long>> shapes,
    IReadOnlyDictionary<string, float[]> vectors) : IGgufHeader
{
    public string Path => path;

    public IReadOnlyDictionary<string, object> Metadata => metadata;

    public ImmutableArray<long>? ShapeOf(string tensor) =>
        shapes.TryGetValue(tensor, out ImmutableArray<long> shape) ? shape : null;

    public float[]? FloatsOf(string tensor) => vectors.GetValueOrDefault(tensor);
}
