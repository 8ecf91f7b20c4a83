using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Seriatim.Cli.Tests;

/// <summary>
/// The sample for Aspire: its silos are one cluster, and go with it. Long, as it restores packages of Aspire that nothing else
/// needs, and builds the sample.
/// </summary>
public sealed class AspireSampleTests
{
    [Fact]
    [Trait("Category", "Long")]
    public async Task Its_silos_are_one_cluster_and_go_with_it()
    {
        int port = FreePorts();
        string name = $"test-{Guid.NewGuid():N}";
        Run("dotnet", "build", Path.Combine(Cli.Root, "samples", "aspire"), "-c", "Release", "-v", "quiet", "-nologo");
        using Process host = Start("aspire", "--dashboard", "false", "--silos", "2", "--port", $"{port}",
            "--name", name);
        try
        {
            using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
            for (int i = 0; i < 2; i++)
            {
                for (int tries = 0; !await IsOneOfAsync(client, $"http://localhost:{port + i}", 2); tries++)
                {
                    Assert.False(host.HasExited, "It has ended.");
                    Assert.True(tries < 1500, "Its silos are no cluster.");
                    await Task.Delay(200);
                }

                using HttpResponseMessage answer = await client.PostAsJsonAsync(
                    $"http://localhost:{port + i}/v1/completions", new { prompt = "Once upon a time", max_tokens = 8 });
                Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
            }

            Assert.Contains(name, Processes());
            Run("kill", "-INT", $"{host.Id}");
            await host.WaitForExitAsync();

            // What Aspire's orchestrator has started it ends a moment after the app itself.
            for (int tries = 0; Processes().Contains(name, StringComparison.Ordinal); tries++)
            {
                Assert.True(tries < 600, "Its silos stay.");
                await Task.Delay(200);
            }
        }
        finally
        {
            if (!host.HasExited)
                host.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The command lines of all processes of this machine.</summary>
    private static string Processes()
    {
        using Process process = Process.Start(new ProcessStartInfo("ps", ["-eo", "args"]) { RedirectStandardOutput = true })!;
        string all = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return all;
    }

    private static async Task<bool> IsOneOfAsync(HttpClient client, string url, int silos)
    {
        try
        {
            JsonElement status = JsonElement.Parse(await client.GetStringAsync($"{url}/v1/cluster"));
            return status.GetProperty("silos").GetArrayLength() == silos;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static Process Start(string sample, params string[] args) => Process.Start(new ProcessStartInfo("dotnet",
        [Path.Combine(Cli.Root, "samples", sample, "bin", "Release", "net10.0", $"{sample}.dll"), .. args]))!;

    private static void Run(string program, params string[] args)
    {
        using Process process = Process.Start(program, args);
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', args)} ended with {process.ExitCode}.");
    }

    /// <summary>The first of two ports beside each other that nobody listens at.</summary>
    private static int FreePorts()
    {
        while (true)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            int port = ((IPEndPoint)first.LocalEndpoint).Port;
            try
            {
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                second.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody has it.
            }
        }
    }
}
