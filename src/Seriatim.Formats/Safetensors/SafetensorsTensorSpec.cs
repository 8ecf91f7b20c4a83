using System.Collections.Immutable;

namespace Seriatim.Formats;

/// <summary>A tensor that <see cref="SafetensorsWriter"/> will be given the data of.</summary>
/// <param name="Name">Name, unique in the file.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">Sizes, slowest axis first; empty for a scalar.</param>
public readonly record struct SafetensorsTensorSpec(string Name, SafetensorsType Type, ImmutableArray<long> Shape);
