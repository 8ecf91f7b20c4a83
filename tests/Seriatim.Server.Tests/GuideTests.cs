using System.Diagnostics;
using System.Text.RegularExpressions;
using Seriatim.Tests;

namespace Seriatim.Server.Tests;

/// <summary>The lines of the guide that begin with curl, as a reader types them.</summary>
public sealed partial class GuideTests
{
    [CurlFact]
    public async Task Curl_lines_are_answered_as_the_guide_says()
    {
        await using TestServer server = await TestServer.StartAsync(options =>
        {
            options.Models[0] = options.Models[0] with { Name = "smol" };
            options.BuiltInModels = true;
            options.ModelOptions = new() { Engine = new() { MemoryBytes = 16 << 20 } };
        });
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "guide", "server.md"));
        string before = "";
        int asked = 0;
        foreach (string line in Block().Matches(page).SelectMany(block => block.Groups[1].Value.Split('\n')))
        {
            if (line.StartsWith("curl ", StringComparison.Ordinal))
            {
                string expected = before.StartsWith("# 400", StringComparison.Ordinal) ? "400" : "200";
                (string status, string body) =
                    Run(line.Replace("http://127.0.0.1:8080/", server.Address.ToString(), StringComparison.Ordinal));
                Assert.True(status == expected, $"{line}{Environment.NewLine}{status}: {body}");
                Assert.Equal(expected == "400", body.Contains("\"error\":{", StringComparison.Ordinal));
                asked++;
            }

            before = line;
        }

        Assert.True(asked > 15, $"Only {asked} lines were found.");
    }

    private static (string Status, string Body) Run(string line)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"{line} -s -w '\\n%{{http_code}}'");
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        int end = output.LastIndexOf('\n');
        return (output[(end + 1)..], output[..end]);
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
