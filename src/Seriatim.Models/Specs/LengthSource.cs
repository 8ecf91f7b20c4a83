namespace Seriatim.Models;

/// <summary>What a model that writes a target at once reads the target's length from.</summary>
public enum LengthSource
{
    /// <summary>
    /// A row before the source, with the first entry of the length table for its embedding; the decoder does not see it.
    /// </summary>
    LeadingRow,

    /// <summary>The mean of the encoder's rows.</summary>
    Mean,
}
