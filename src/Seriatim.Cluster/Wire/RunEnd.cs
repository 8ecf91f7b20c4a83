namespace Seriatim.Cluster;

/// <summary>Whether and how a run has ended where it ran.</summary>
internal enum RunEnd
{
    /// <summary>It goes on.</summary>
    None,

    /// <summary>It is complete.</summary>
    Done,

    /// <summary>It was handed over, with its state: its silo is about to stop.</summary>
    Moved,

    /// <summary>It ended with an error. Whether that is the request's, the door finds out for itself.</summary>
    Failed,

    /// <summary>The replica knows of no such run: nobody had asked for it for long.</summary>
    Gone,

    /// <summary>Of a durable request that is followed: its client has cancelled it.</summary>
    Cancelled,
}
