namespace Seriatim.Models;

/// <summary>How a parameter begins when there is no checkpoint.</summary>
public enum Initializer
{
    /// <summary>All zeros: biases, and factors of norms that add 1.</summary>
    Zeros,

    /// <summary>All ones: factors of norms.</summary>
    Ones,

    /// <summary>Normally distributed: matrices and tables.</summary>
    Normal,

    /// <summary>A table of positions: as <see cref="Normal"/>, or sinusoids of the same size if the source is told so.</summary>
    Positions,
}
