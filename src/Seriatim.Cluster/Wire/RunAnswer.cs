namespace Seriatim.Cluster;

/// <summary>What a replica says to an order.</summary>
internal enum RunAnswer
{
    /// <summary>It runs.</summary>
    Started,

    /// <summary>As many wait there as may.</summary>
    Full,

    /// <summary>The silo is about to stop.</summary>
    Draining,

    /// <summary>There is no model of that name.</summary>
    NoModel,

    /// <summary>The model of that name has other weights, or is run by another version: it would give other bits.</summary>
    OtherModel,

    /// <summary>The engine there cannot run it, for want of memory, say.</summary>
    Refused,
}
