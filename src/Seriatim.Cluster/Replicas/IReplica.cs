namespace Seriatim.Cluster;

/// <summary>
/// A silo's engines as doors use them: asked, never waited for without end. That an answer comes within the time of a heartbeat,
/// with tokens or without, is what tells a silo that lives from one that hangs.
/// </summary>
internal interface IReplica
{
    /// <summary>Begins a run, or says why not.</summary>
    Task<RunReceipt> StartAsync(RunOrder order);

    /// <summary>What has come out of a run since it was last asked for; waits for a heartbeat at most.</summary>
    Task<RunNews> ReadAsync(Guid run);

    /// <summary>Ends a run, if it is not over.</summary>
    Task EndAsync(Guid run);

    /// <summary>How the silo is.</summary>
    Task<SiloReport> ReportAsync();
}
