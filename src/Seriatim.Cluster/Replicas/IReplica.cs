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

    /// <summary>What has come out of a durable request that this silo's door has, behind the first updates.</summary>
    Task<RunNews> ReadKeptAsync(string number, int prompt, int from);

    /// <summary>A client has cancelled a durable request at another door, or had it forgotten.</summary>
    Task EndKeptAsync(string number, bool forget);

    /// <summary>How the silo is.</summary>
    Task<SiloReport> ReportAsync();
}
