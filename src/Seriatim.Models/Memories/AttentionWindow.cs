namespace Seriatim.Models;

/// <summary>
/// What a sequence remembers at most: its last positions and, as sinks, its first ones (Xiao et al., 2023:
/// StreamingLLM). Attention of all layers (but those with a narrower window of their own) sees these, so memory stays
/// the same however long the sequence gets.
/// </summary>
/// <param name="Size">Last positions that are seen, the row's own included; at least 1.</param>
/// <param name="Sinks">First positions that are seen for ever; 0 or more.</param>
public readonly record struct AttentionWindow(int Size, int Sinks)
{
    /// <summary>
    /// Positions a sequence with a window may have: what scores can tell apart, because the kernels count positions in F32.
    /// </summary>
    public const int MaxPositions = 1 << 24;

    /// <summary>Positions that are seen at most: what the model must have been trained for.</summary>
    public long Positions => (long)Size + Sinks;
}
