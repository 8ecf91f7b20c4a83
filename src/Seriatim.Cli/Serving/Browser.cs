using System.ComponentModel;
using System.Diagnostics;

namespace Seriatim.Cli;

/// <summary>The browser of whoever sits before this machine.</summary>
internal static class Browser
{
    /// <summary>Opens an address; false: there is no display, or nothing that opens it.</summary>
    public static bool TryOpen(string address)
    {
        if (OperatingSystem.IsLinux() && !HasDisplay)
            return false;
        try
        {
            var start = OperatingSystem.IsWindows() ? new ProcessStartInfo(address) { UseShellExecute = true }
                : new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [address])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                };
            using Process? process = Process.Start(start);
            return true;
        }
        catch (Exception failure) when (failure is Win32Exception or FileNotFoundException)
        {
            return false;
        }
    }

    private static bool HasDisplay => Is("DISPLAY") || Is("WAYLAND_DISPLAY");

    private static bool Is(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 };
}
