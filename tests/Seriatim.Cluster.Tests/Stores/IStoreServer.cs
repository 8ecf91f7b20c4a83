namespace Seriatim.Cluster.Tests;

/// <summary>A server of the test's own that keeps the list of silos, on this machine at a free port.</summary>
internal interface IStoreServer : IDisposable
{
    /// <summary>As <c>--cluster</c> takes it.</summary>
    string Address { get; }

    /// <summary>Ends it, as if somebody had stopped it.</summary>
    void Stop();

    /// <summary>Starts it again, at the same port and with what it knew.</summary>
    void Start();
}
