namespace Seriatim.Training;

/// <summary>How the probability of scheduled sampling grows.</summary>
public enum SamplingGrowth
{
    /// <summary>The same from the first step of the growth on.</summary>
    Constant,

    /// <summary>In a straight line.</summary>
    Linear,

    /// <summary><c>1 - k^i</c> with k chosen so that a hundredth is missing at the end.</summary>
    Exponential,

    /// <summary>The inverse sigmoid: slow, fast in the middle, slow.</summary>
    InverseSigmoid,
}
