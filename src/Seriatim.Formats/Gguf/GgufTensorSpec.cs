using System.Collections.Immutable;

namespace Seriatim.Formats;

/// <summary>A tensor that <see cref="GgufWriter"/> will be given the data of.</summary>
/// <param name="Name">Name, unique in the file, 1 to 64 bytes of UTF-8.</param>
/// <param name="Type">How the values are stored.</param>
/// <param name="Shape">Sizes, slowest axis first; at most 4. The last one is a whole number of blocks of the type.</param>
public readonly record struct GgufTensorSpec(string Name, GgmlType Type, ImmutableArray<long> Shape);
