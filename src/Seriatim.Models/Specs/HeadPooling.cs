namespace Seriatim.Models;

/// <summary>What the head of a model reads of a sequence.</summary>
public enum HeadPooling
{
    /// <summary>Each row whose logits are wanted.</summary>
    Row,

    /// <summary>The mean of all rows of the sequence, whichever row is asked for.</summary>
    Mean,
}
