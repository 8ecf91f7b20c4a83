using System.Runtime.InteropServices;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// A run under mpirun: joins the other ranks, and sees to it that a rank that cannot go on ends all of them instead of letting
/// them wait.
/// </summary>
internal static class TrainingRanks
{
    /// <summary>
    /// What mpirun passes on to all ranks without ending them (SIGUSR1); .NET takes the system's own numbers too.
    /// </summary>
    private static PosixSignal UserSignal => (PosixSignal)(OperatingSystem.IsMacOS() ? 30 : 10);

    /// <summary>
    /// mpirun gives each rank's output a terminal that it reads itself: nothing that is meant for eyes belongs there.
    /// </summary>
    public static void BeforeConsole()
    {
        if (MpiProcessGroup.IsRequested)
            Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>Runs a command by itself, or as one of several.</summary>
    public static async Task<int> RunAsync(Func<ProcessGroup, Task<int>> command)
    {
        if (!MpiProcessGroup.IsRequested)
            return await command(ProcessGroup.Alone);
        MpiProcessGroup group = MpiProcessGroup.Start();
        return await RankRun.ToItsEndAsync(group, () => command(group), IsCommon, static _ => false, group.Dispose);
    }

    /// <summary>Loads a recipe; a rank that cannot tells the others.</summary>
    public static TrainingRecipe Load(ProcessGroup group, Func<TrainingRecipe> load)
    {
        try
        {
            return load();
        }
        catch (Exception failure) when (group.Size > 1)
        {
            throw new GroupStart(group).Fail(failure);
        }
    }

    /// <summary>Threads of a rank: those asked for, or its share of the machine's; 0 for one process: all.</summary>
    public static int Threads(ProcessGroup group, int asked) => asked > 0 || group.Size == 1 ? asked
        : Math.Max(1, Environment.ProcessorCount / (IsBound() ? 1 : MpiProcessGroup.LocalSize));

    /// <summary>Hears the signal that stops all ranks with a checkpoint; null where it has no meaning.</summary>
    public static PosixSignalRegistration? OnUserSignal(ProcessGroup group, Action<PosixSignalContext> stop) =>
        group is MpiProcessGroup && !OperatingSystem.IsWindows() ? PosixSignalRegistration.Create(UserSignal, stop) : null;

    /// <summary>
    /// Whether mpirun gave this process processors of its own, as it does unless told <c>--bind-to none</c>: then it may use
    /// fewer than the process that started it.
    /// </summary>
    private static bool IsBound()
    {
        const string Parent = "PPid:", Processors = "Cpus_allowed:";
        try
        {
            string[] own = File.ReadAllLines("/proc/self/status");
            string[] parent = File.ReadAllLines($"/proc/{Value(own, Parent)}/status");
            return Value(own, Processors) != Value(parent, Processors);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            return false; // not Linux, or somebody else's process
        }

        static string Value(string[] lines, string name) =>
            lines.First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
    }

    /// <summary>Failures that all ranks know of: one of them says it.</summary>
    private static bool IsCommon(Exception failure) => failure is ProcessGroupException or TrainingDivergedException;
}
