using System.Net;

namespace Seriatim.Cli.Tests;

/// <summary>A port of the cluster is one silo's, and where no file can be written it is taken all the same.</summary>
public sealed class ClusterPortTests
{
    [Fact]
    public void A_port_is_taken_once()
    {
        using var folder = new TempFolder();
        int? port = ClusterPort.TryTake(IPAddress.Loopback, 0, folder.Path);
        Assert.NotNull(port);
        Assert.Null(ClusterPort.TryTake(IPAddress.Loopback, port.Value, folder.Path));
        Assert.NotNull(ClusterPort.TryTake(IPAddress.Loopback, 0, folder.Path));
    }

    [Fact]
    public void Where_nothing_can_be_written_a_free_port_is_free()
    {
        using var folder = new TempFolder();
        int? port = ClusterPort.TryTake(IPAddress.Loopback, 0, folder.File("there is no such folder"));
        Assert.NotNull(port);
        Assert.Equal(port, ClusterPort.TryTake(IPAddress.Loopback, port.Value, folder.File("there is no such folder")));
    }
}
