namespace Seriatim.Models;

/// <summary>Which rows of a segment are wanted as logits.</summary>
public enum Outputs
{
    /// <summary>None: a chunk of a prompt that is not its end.</summary>
    None,

    /// <summary>The first row: classification of whole sequences.</summary>
    First,

    /// <summary>The last row: the next token.</summary>
    Last,

    /// <summary>All rows: training, scoring, verification.</summary>
    All,
}
