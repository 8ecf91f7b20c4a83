namespace Seriatim.Models;

/// <summary>How large the pools of a model are.</summary>
/// <param name="PageSize">Positions in a page.</param>
/// <param name="Pages">Pages of each kind of the decoder's own attention.</param>
/// <param name="CrossPages">Pages of cross-attention.</param>
/// <param name="States">Recurrent states.</param>
/// <param name="Type">How keys and values are stored.</param>
internal readonly record struct MemorySizes(int PageSize, int Pages, int CrossPages, int States, KeyValueType Type);
