using System.Net;
using System.Net.Sockets;

namespace Seriatim.Cli;

/// <summary>
/// A port of this machine that one silo has. Orleans lets two listen at the same one, and then the younger has the older declared
/// dead; so a file that is locked for as long as the process lives says whose it is, from before it listens.
/// </summary>
internal static class ClusterPort
{
    private static readonly List<FileStream> Taken = [];

    /// <summary>Takes a port.</summary>
    /// <param name="address">Of which address; null: of all.</param>
    /// <param name="port">Which; 0: any that is free.</param>
    /// <returns>The port; null: somebody has it.</returns>
    public static int? TryTake(IPAddress? address, int port)
    {
        int found;
        using (var listener = new TcpListener(address ?? IPAddress.Any, port) { ExclusiveAddressUse = true })
        {
            try
            {
                listener.Start();
                found = ((IPEndPoint)listener.LocalEndpoint).Port;
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                // Behind a router that hands the port on, say: whether it is free there cannot be seen from here.
                return port;
            }
            catch (SocketException)
            {
                return null;
            }
        }

        string file = Path.Combine(Path.GetTempPath(), $"seriatim-cluster-{$"{address}".Replace(':', '-')}-{found}.lock");
        try
        {
            lock (Taken)
                Taken.Add(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            return found;
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's file, who may have ended: whether the port is free was looked at above.
            return found;
        }
    }
}
