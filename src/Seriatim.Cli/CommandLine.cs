using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Seriatim.Formats;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Tokenizers;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>The program: parses, runs a command, and turns failures into one line and an exit code.</summary>
internal static class CommandLine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>A command whose end after Ctrl-C may take long, because it saves what it has, sets this; a second Ctrl-C still ends it at once.</summary>
    public static bool EndsSlowly { get; set; }

    public static async Task<int> RunAsync(string[] args)
    {
        Console.OutputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        RootCommand root = Build();
        ParseResult parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return ReportUsage(parsed);
        try
        {
            // The first Ctrl-C stops the work, which prints what there is; the second ends the program at once, as without a handler.
            using var stop = new CancellationTokenSource();
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                signal.Cancel = !stop.IsCancellationRequested;
                if (!signal.Cancel)
                    Terminal.ShowCursor();
                ThreadPool.QueueUserWorkItem(_ => Stop(stop));
            });
            var configuration = new InvocationConfiguration { Output = new HelpWriter(Console.Out), EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception failure) when (IsExpected(failure))
        {
            Terminal.Error(failure.Message);
            return ExitCodes.Failure;
        }
        catch (Exception failure)
        {
            Terminal.Error($"This is a defect of Seriatim, please report it: {failure}");
            return ExitCodes.Internal;
        }
    }

    private static void Stop(CancellationTokenSource stop)
    {
        try
        {
            stop.Cancel();

            // What cannot be stopped, such as a command that waits for a pipe, is ended after a while.
            Thread.Sleep(Patience);
            if (!EndsSlowly)
                Environment.Exit(ExitCodes.Interrupted);
        }
        catch (ObjectDisposedException)
        {
            // The program had just come to its end by itself.
        }
    }

    internal static RootCommand Build() => new("Transformers for .NET: trained in parallel, decoded seriatim.")
    {
        GenerateCommand.Build(),
        ChatCommand.Build(),
        TranslateCommand.Build(),
        EmbedCommand.Build(),
        FillCommand.Build(),
        ClassifyCommand.Build(),
        ScoreCommand.Build(),
        EvalCommand.Build(),
        PullCommand.Build(),
        InspectCommand.Build(),
        ConvertCommand.Build(),
        QuantizeCommand.Build(),
        BenchCommand.Build(),
        TokenizeCommand.Build(),
        TrainCommand.Build(),
    };

    /// <summary>Failures whose message is meant for users; anything else is a defect.</summary>
    private static bool IsExpected(Exception failure) => failure
        is ModelException or ModelHubException or ChatTemplateException or ModelFormatException or TokenizerFormatException or GenerationException or UserErrorException
        or RecipeException or DataException or TrainingDivergedException or InvalidDataException or IOException or UnauthorizedAccessException or OutOfMemoryException;

    private static int ReportUsage(ParseResult parsed)
    {
        string[] unknown = [.. parsed.Tokens.Where(t => t.Type == TokenType.Argument && t.Value is ['-', _, ..]).Select(t => t.Value)];
        ParseError[] named = [.. parsed.Errors.Where(e => unknown.Any(e.Message.Contains))];
        foreach (ParseError error in named.Length > 0 ? named : parsed.Errors)
            Terminal.Error(error.Message);
        foreach (string token in unknown)
        {
            if (Nearest(token, parsed.CommandResult.Command) is { } nearest)
                Terminal.Note($"Did you mean {nearest}?");
        }

        string path = string.Join(' ', Path(parsed.CommandResult));
        Terminal.Note($"'{path} --help' lists what there is.");
        return ExitCodes.Usage;
    }

    private static IEnumerable<string> Path(CommandResult? result)
    {
        var names = new Stack<string>();
        for (; result is not null; result = result.Parent as CommandResult)
            names.Push(result.Command is RootCommand ? "seriatim" : result.Command.Name);
        return names;
    }

    private static string? Nearest(string token, Command command) => NearestName.Find(token, command.Options
        .SelectMany(o => o.Aliases.Append(o.Name))
        .Where(name => name.StartsWith("--", StringComparison.Ordinal)));
}
