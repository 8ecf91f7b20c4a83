using System.Diagnostics;

namespace Seriatim.Cli.Tests;

/// <summary>The program as several processes of Open MPI's mpirun.</summary>
internal static class Mpirun
{
    /// <summary>How mpirun starts the program.</summary>
    public static string[] Program { get; } = ["dotnet", Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll")];

    /// <summary>Starts processes; its output and errors are to be read.</summary>
    /// <param name="args">Numbers of processes and what they run.</param>
    public static Process Start(params string[] args) => Process.Start(
        new ProcessStartInfo("mpirun", ["--allow-run-as-root", "--oversubscribe", "--bind-to", "none", .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Runs processes to their end.</summary>
    /// <param name="args">Numbers of processes and what they run.</param>
    public static (int Code, string Output, string Error) Run(params string[] args)
    {
        using Process process = Start(args);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
