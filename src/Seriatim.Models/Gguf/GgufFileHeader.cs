using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Seriatim.Models;

/// <summary>The header of a file that was opened.</summary>
internal sealed class GgufFileHeader(GgufCheckpoint checkpoint) : IGgufHeader
{
    public string Path => checkpoint.Path;

    public IReadOnlyDictionary<string, object> Metadata => checkpoint.Metadata;

    public ImmutableArray<long>? ShapeOf(string tensor) =>
        checkpoint.TryGet(tensor, out GgufEntry? entry) ? [.. entry.Shape] : null;

    public float[]? FloatsOf(string tensor)
    {
        GgufEntry entry = checkpoint[tensor];
        return entry.Type == GgmlType.F32 ? MemoryMarshal.Cast<byte, float>(checkpoint.Bytes(entry)).ToArray() : null;
    }
}
