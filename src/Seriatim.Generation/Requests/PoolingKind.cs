namespace Seriatim.Generation;

/// <summary>How the rows of a sequence become one embedding.</summary>
public enum PoolingKind
{
    /// <summary>The mean of all rows.</summary>
    Mean,

    /// <summary>The first row.</summary>
    First,

    /// <summary>The last row.</summary>
    Last,

    /// <summary>The largest value of each feature.</summary>
    Max,

    /// <summary>The sum of all rows over the square root of their number.</summary>
    MeanSqrtLength,

    /// <summary>The mean of all rows, the first weighing 1, the second 2, and so on.</summary>
    WeightedMean,
}
