using System.Diagnostics;
using System.Reflection;

namespace Seriatim.Clients.Tests;

/// <summary>The packages openai, ollama and @anthropic-ai/sdk of npm against the server, each in a process of node.</summary>
[Collection(nameof(ServerUnderTest))]
public sealed class NodeClientsTests(ServerUnderTest server)
{
    [NodeFact]
    public Task OpenAI() => RunAsync("openai", 13);

    [NodeFact]
    public Task Ollama() => RunAsync("ollama", 8);

    [NodeFact]
    public Task Anthropic() => RunAsync("anthropic", 7);

    private async Task RunAsync(string client, int cases)
    {
        var start = new ProcessStartInfo("node")
        {
            WorkingDirectory = NodeFact.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                $"{client}.mjs", server.Url.ToString(), ServerUnderTest.Key, ServerUnderTest.Chat, ServerUnderTest.Embedder
            },
        };
        using Process node = Process.Start(start)!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(), errors = node.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await node.WaitForExitAsync(limit.Token);
        string[] lines = (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] wrong = [.. lines.Where(line => !line.StartsWith("ok ", StringComparison.Ordinal))];
        Assert.True(wrong.Length == 0 && node.ExitCode == 0, string.Join('\n', wrong) + await errors);
        Assert.Equal(cases, lines.Length);
        await server.IsIdleAsync();
    }

    /// <summary>A fact that needs node, and the packages that the build asked npm for.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class NodeFactAttribute : FactAttribute
    {
        public NodeFactAttribute() => Skip = Directory.Exists(Path.Combine(NodeFact.Folder, "node_modules", "openai")) ? null
            : "the build had no node or no registry of npm, so the packages are not there";
    }

    private static class NodeFact
    {
        public static string Folder { get; } = typeof(NodeClientsTests).Assembly
            .GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == "NodeFolder").Value!;
    }
}
