using System.Diagnostics;
using System.Text;

namespace Seriatim.Tests;

/// <summary>The programs in samples/ run, as they were built with these tests.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Generate_continues_a_prompt()
    {
        string output = Run("generate", Path.Combine(Repository.Root, "models", "stories"), "Once upon a time");
        Assert.NotEmpty(output.Trim());
    }

    [Fact]
    public void Train_writes_a_model_that_generates()
    {
        // Text enough for the vocabulary and a window that is held out.
        string text = string.Concat(Enumerable.Range(0, 2000).Select(i => $"The cat {i * 7919 % 9973} sat on mat {i * 104729 % 7919}. "));
        File.WriteAllText(_folder.File("text.txt"), text);
        Run("train", _folder.File("text.txt"), _folder.File("model"), "5", "2");
        Assert.NotEmpty(Run("generate", _folder.File("model"), "The cat").Trim());
    }

    [Fact]
    public void Translate_translates_each_text()
    {
        TinyModels.WriteT5(_folder.Path);
        string[] lines = Run("translate", _folder.Path, "我爱学习", "the cat").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["我爱学习 = ", "the cat = "], lines.Select(line => line[..(line.IndexOf('=', StringComparison.Ordinal) + 2)]));
    }

    [Fact]
    public void Every_sample_has_a_test()
    {
        string source = File.ReadAllText(Path.Combine(Repository.Root, "tests", "Seriatim.Tests", "SampleTests.cs"));
        foreach (string folder in Directory.GetDirectories(Path.Combine(Repository.Root, "samples")))
            Assert.Contains($"Run(\"{Path.GetFileName(folder)}\"", source);
    }

    private static string Run(string sample, params string[] args)
    {
        // The same configuration and framework as this program's.
        string[] place = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar)[^2..];
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.ArgumentList.Add(Path.Combine([Repository.Root, "samples", sample, "bin", .. place, $"{sample}.dll"]));
        foreach (string arg in args)
            start.ArgumentList.Add(arg);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{sample} ended with {process.ExitCode}: {error.Result}");
        return output;
    }
}
