using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim;

/// <summary>Which model the other stages load, and where rank 0 has cut it.</summary>
/// <param name="Name">
/// What rank 0 opened it by: a path that must be there on each machine, or a name that each finds itself.
/// </param>
/// <param name="Layers">Layers of each stage, by rank; null: as the files' sizes say, which the stages then compare.</param>
/// <param name="Storage">How matrices are kept in memory.</param>
/// <param name="Placement">Where quantised matrices of GGUF files lie.</param>
internal sealed record StageOpening(
    string Name, IReadOnlyList<int>? Layers, WeightStorage Storage, WeightPlacement Placement);
