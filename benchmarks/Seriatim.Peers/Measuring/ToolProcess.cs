using System.Diagnostics;

namespace Seriatim.Peers;

/// <summary>A program that is run to its end.</summary>
internal static class ToolProcess
{
    /// <summary>Runs it and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">
    /// It ended with another code than 0; the last of its words are in the message.
    /// </exception>
    public static (string Output, string Errors) Run(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };

        // Programs that were built find the libraries that were built beside them.
        if (Path.GetDirectoryName(Path.GetFullPath(program)) is { } folder && OperatingSystem.IsLinux())
        {
            start.Environment["LD_LIBRARY_PATH"] =
                $"{folder}:{Path.GetDirectoryName(folder)}:{Environment.GetEnvironmentVariable("LD_LIBRARY_PATH")}";
        }
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0)
            return (output, errors.Result);
        string last = errors.Result.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "it said nothing";
        throw new InvalidOperationException($"{Path.GetFileName(program)} ended with code {process.ExitCode}: {last.Trim()}");
    }
}
