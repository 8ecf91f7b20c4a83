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

    /// <summary>
    /// Normally distributed with the deviation <c>1 / sqrt(3 columns)</c> whatever the source is told: filters of a convolution.
    /// </summary>
    Filter,

    /// <summary><c>log(1), log(2), ...</c> along each row: rates of a state space model (Gu et al., 2022: S4D-Real).</summary>
    Rates,

    /// <summary>
    /// What softplus makes the steps of <see cref="ParameterRequest.Steps"/> of, drawn log-uniformly: the bias of steps.
    /// </summary>
    Steps,

    /// <summary>
    /// Zeros, but ones for the second of four gates: an LSTM that begins so does not forget before it has learnt what to keep
    /// (Gers et al., 2000; Jozefowicz et al., 2015).
    /// </summary>
    ForgetGate,
}
