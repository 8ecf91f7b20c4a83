namespace Seriatim.Models;

/// <summary>What decides how much a request can come to remember.</summary>
/// <param name="Length">Positions a sequence reaches.</param>
/// <param name="MostRows">Most rows of a step.</param>
/// <param name="Reach">What the layers see at most; null: everything.</param>
/// <param name="EncoderRows">Rows of the encoder's output.</param>
public readonly record struct MemoryDemand(int Length, int MostRows, AttentionWindow? Reach = null, int EncoderRows = 0)
{
    /// <summary>Positions that all its sequences have in common.</summary>
    public int Prompt { get; init; }

    /// <summary>Sequences at a time.</summary>
    public int Width { get; init; } = 1;
}
