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

    public static (int Code, string Output, string Error) RunWithInput(string? input, params string[] args) =>
        Finish(Start(args), input);

    public static (int Code, string Output, string Error) RunIn((string Name, string Value)[] environment,
        params string[] args) =>
        Finish(Start(environment, args), null);

    /// <summary>As a user whose current folder is another.</summary>
    public static (int Code, string Output, string Error) RunAt(string folder, params string[] args) =>
        Finish(Start([], args, folder), null);

    public static Process Start(params string[] args) => Start([], args);

    private static (int Code, string Output, string Error) Finish(Process started, string? input)
    {
        using Process process = started;
        if (input is not null)
            process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    public static Process Start((string Name, string Value)[] environment, string[] args, string? folder = null)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = folder ?? "",
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
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
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
