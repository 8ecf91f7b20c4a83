namespace Seriatim.Generation;

/// <summary>Penalties for repetition. The defaults change nothing.</summary>
/// <remarks>What a penalty has for an option stands in the penalty's own file.</remarks>
public sealed partial record PenaltyOptions
{
    /// <summary>
    /// Only the last n tokens count for <see cref="Repetition"/>, <see cref="Presence"/> and <see cref="Frequency"/> (llama.cpp:
    /// <c>repeat_last_n</c>); null: all.
    /// </summary>
    public int? LastN { get; init; }
}
