using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Seriatim.Server;

namespace Seriatim.Cli;

/// <summary><c>seriatim batch</c>: a file of requests of OpenAI's API, answered without a server.</summary>
internal static class BatchCommand
{
    public static Command Build()
    {
        var input = new Argument<string>("input")
        {
            Description = "A file with a request a line: custom_id, method, url, body. -: standard input.",
        };
        Option<string?> output = Flag.Maybe<string>("Where the answers go. Default: standard output.", "file", "--output", "-o");
        Option<int> lines = Flag.Of("Requests under way at a time.", "n", 64, "--lines");
        var flags = new ServeFlags();
        var command = new Command("batch", "Answer a file of requests, as OpenAI's batches are.");
        command.Add(input);
        command.Add(output);
        command.Add(lines);
        foreach (Option option in flags.OfModels)
            command.Add(option);
        command.SetAction(async (result, cancellation) =>
        {
            int parallel = result.GetValue(lines);
            if (parallel < 1)
                throw new UsageException($"--lines is {parallel}; 1 or more is allowed.");
            return await RunAsync(result.GetRequiredValue(input), result.GetValue(output), parallel,
                await flags.ModelsAsync(result, cancellation), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        string input, string? output, int parallel, Action<SeriatimServerOptions> configure, CancellationToken cancellation)
    {
        if (input != "-" && !File.Exists(input))
            throw new UsageException($"There is no file {input}.");
        await using WebApplication server = ServerApp.Build(
            new ServerAppOptions { LogLevel = Microsoft.Extensions.Logging.LogLevel.Warning }, configure);
        using TextReader reader = input == "-" ? Console.In : new StreamReader(input);
        await using TextWriter writer = output is null
            ? TextWriter.Synchronized(Console.Out) : new StreamWriter(output) { NewLine = "\n" };
        var runner = new BatchRunner(server.Services, parallel);
        (int done, int failed) = await runner.RunAsync(LinesOf(reader, cancellation), writer, null, cancellation);
        Terminal.Note($"{done} requests were answered, {failed} of them with an error.");
        return failed == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private static async IAsyncEnumerable<string> LinesOf(
        TextReader reader, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        while (await reader.ReadLineAsync(cancellation) is { } line)
            yield return line;
    }
}
