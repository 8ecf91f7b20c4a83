using System.Globalization;

namespace Seriatim.Server;

/// <summary>
/// How many files and sockets this process may have open. A runtime that finds no descriptor left ends the process ("Out of
/// memory."), so clients must never get the last one.
/// </summary>
internal static class OpenFiles
{
    /// <summary>What a process has open beside its connections: libraries, model files, pipes.</summary>
    public const int Kept = 512;

    /// <summary>Connections where the system states no limit.</summary>
    public const int Otherwise = 16384;

    /// <summary>Most connections that leave room for all else.</summary>
    public static int RoomForConnections() =>
        OperatingSystem.IsLinux() && File.Exists("/proc/self/limits")
            ? RoomIn(File.ReadAllLines("/proc/self/limits"))
            : Otherwise;

    /// <summary>The same from the lines of <c>/proc/self/limits</c>; the runtime raises the soft limit to the hard one.</summary>
    public static int RoomIn(IEnumerable<string> limits)
    {
        const string name = "Max open files";
        string? line = limits.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        string[] words = line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (words.Length < 2 || !long.TryParse(words[1], CultureInfo.InvariantCulture, out long most))
            return Otherwise;
        return (int)Math.Clamp(most - Kept, Math.Max(1, most / 2), Otherwise);
    }
}
