using System.Collections.Immutable;

namespace Seriatim.Models;

/// <summary>What a GGUF file says before its data: of a file that is read, or of one that is about to be written.</summary>
internal interface IGgufHeader
{
    /// <summary>What messages call the file.</summary>
    string Path { get; }

    /// <summary>Keys and values.</summary>
    IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>The shape of a tensor; null: there is none of that name.</summary>
    ImmutableArray<long>? ShapeOf(string tensor);

    /// <summary>The values of a small tensor that belongs to the metadata; null if it is not stored as F32.</summary>
    float[]? FloatsOf(string tensor);
}
