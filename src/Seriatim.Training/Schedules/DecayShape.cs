namespace Seriatim.Training;

/// <summary>The curve of the last part of <see cref="WarmupStableDecaySchedule"/>, from the peak to the minimum.</summary>
public enum DecayShape
{
    /// <summary>Half a cosine.</summary>
    Cosine,

    /// <summary>A straight line.</summary>
    Linear,

    /// <summary>1 less the root of the progress.</summary>
    Sqrt,
}
