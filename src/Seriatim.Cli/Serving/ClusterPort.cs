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
    /// <param name="folder">Where the files are; null: where the system has files that last no longer than it runs.</param>
    /// <returns>The port; null: somebody has it.</returns>
    public static int? TryTake(IPAddress? address, int port, string? folder = null)
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

        string file = Path.Combine(folder ?? Path.GetTempPath(), $"seriatim-cluster-{$"{address}".Replace(':', '-')}-{found}.lock");
        try
        {
            lock (Taken)
                Taken.Add(new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            return found;
        }
        catch (IOException failure) when (IsLocked(failure))
        {
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Nothing can be written there (a container whose files are read-only), or it is another user's file, who may have
            // ended: whether the port is free was looked at above.
            return found;
        }
    }

    /// <summary>Whether another process has the file: a sharing violation of Windows, EAGAIN of Linux and of macOS.</summary>
    private static bool IsLocked(IOException failure) => OperatingSystem.IsWindows()
        ? (failure.HResult & 0xFFFF) is 32 or 33
        : failure.HResult is 11 or 35;
}
