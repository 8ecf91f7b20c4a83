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
}
