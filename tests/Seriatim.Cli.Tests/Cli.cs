using System.Diagnostics;
using System.Text;

namespace Seriatim.Cli.Tests;

/// <summary>Runs the program as a user does, in a process of its own.</summary>
internal static class Cli
{
    public static string Root { get; } = FindRoot();

    public static string Shared { get; } = Path.Combine(Root, "..", "shared");

    public static string Stories { get; } = Path.Combine(Shared, "models", "stories260K");

    public static (int Code, string Output, string Error) Run(params string[] args) => RunWithInput(null, args);

    public static (int Code, string Output, string Error) RunWithInput(string? input, params string[] args)
    {
        using Process process = Start(args);
        if (input is not null)
            process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static Process Start(params string[] args)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            StandardInputEncoding = new UTF8Encoding(false),
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Seriatim.Cli.dll"));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        return Process.Start(start)!;
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Seriatim.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests do not run inside a clone of the repository.");
    }
}
