using System.CommandLine;

namespace Seriatim.Cli.Tests;

/// <summary>The sample for Kubernetes, as far as it goes without one: its command line, and what its image starts.</summary>
public sealed class KubernetesSampleTests
{
    [Fact]
    public void The_command_line_of_the_pods_is_understood()
    {
        string[] lines = Manifest("kubernetes", "seriatim.yaml");
        int first = Array.FindIndex(lines, line => line.Trim() == "args:");
        Assert.True(first > 0, "There are no args.");
        string[] args =
        [
            .. lines.Skip(first + 1).Select(line => line.Trim()).TakeWhile(line => line.StartsWith("- ", StringComparison.Ordinal))
                .Select(line => line[2..].Trim('"').Replace("$(POD_IP)", "10.0.0.7", StringComparison.Ordinal)),
        ];
        Assert.Equal("serve", args[0]);
        Assert.Empty(CommandLine.Build().Parse(args).Errors);
        Assert.NotEmpty(CommandLine.Build().Parse([.. args, "--cluster-adress", "x"]).Errors);
        Assert.All((string[])["path: /ready,", "path: /health,"], path => Assert.Contains(lines, line => line.Contains(path)));
    }

    [Fact]
    public void The_image_starts_the_program_that_it_holds()
    {
        string[] lines = Manifest("kubernetes", "Dockerfile");
        Assert.Contains("RUN dotnet publish src/Seriatim.Cli -c Release -o /app", lines);
        Assert.Contains($"ENTRYPOINT [\"dotnet\", \"{typeof(CommandLine).Assembly.GetName().Name}.dll\"]", lines);
    }

    private static string[] Manifest(string sample, string file) =>
        File.ReadAllLines(Path.Combine(Cli.Root, "samples", sample, file));
}
