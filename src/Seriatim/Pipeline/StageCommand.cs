using Seriatim.Tensors;

namespace Seriatim;

/// <summary>What rank 0 tells the other stages, in the order in which they do it.</summary>
/// <param name="Kind">What to do.</param>
/// <param name="Model">Number of the model it is about; 0: none.</param>
/// <param name="PageSize">Positions in a page.</param>
/// <param name="Pages">Pages of each kind of layers.</param>
/// <param name="States">Recurrent states.</param>
/// <param name="Type">How keys and values are stored.</param>
internal readonly record struct StageCommand(
    StageCommandKind Kind, int Model = 0, int PageSize = 0, int Pages = 0, int States = 0, KeyValueType Type = KeyValueType.F32)
{
    /// <summary>Bytes of the message that follows; 0: there is none.</summary>
    public int BodyBytes { get; init; }
}
