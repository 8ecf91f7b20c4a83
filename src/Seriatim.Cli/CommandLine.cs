using System.CommandLine;
using System.Runtime.InteropServices;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>The program: parses, runs a command, and turns failures into one line and an exit code.</summary>
internal static class CommandLine
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A command whose end after Ctrl-C may take long, because it saves what it has, sets
    /// this; a second Ctrl-C still ends it at once.
    /// </summary>
    public static bool EndsSlowly { get; set; }

    public static async Task<int> RunAsync(string[] args)
    {
        TrainingRanks.BeforeConsole();
        Console.OutputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        RootCommand root = Build();

        // No file is ever read because a text begins with an @.
        ParseResult parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (UsageReport.Find(parsed, args) is { Count: > 0 } wrong)
            return ReportUsage(parsed, wrong);
        try
        {
            // The first Ctrl-C stops the work, which prints what there is; the second ends
            // the program at once, as without a handler.
            using var stop = new CancellationTokenSource();
            using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
            {
                if (Interrupt.TryHandle())
                {
                    signal.Cancel = true;
                    return;
                }

                signal.Cancel = !stop.IsCancellationRequested;
                if (!signal.Cancel)
                    Terminal.ShowCursor();
                ThreadPool.QueueUserWorkItem(_ => Stop(stop));
            });
            var configuration = new InvocationConfiguration
            {
                Output = Console.Out,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (UsageException failure)
        {
            Terminal.Error(failure.Message);
            return ExitCodes.Usage;
        }
        catch (GenerationException failure)
        {
            Terminal.Error(FlagNames.Describe(failure));
            return failure is InvalidOptionException invalid && FlagNames.HasFlag(invalid.Option)
                ? ExitCodes.Usage
                : ExitCodes.Failure;
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

    internal static RootCommand Build()
    {
        var root = new RootCommand("Seriatim: Transformers for .NET, trained in parallel, decoded seriatim.")
        {
            RunCommand.Build(), GenerateCommand.Build(), ChatCommand.Build(), TranslateCommand.Build(), FillCommand.Build(),
            ListCommand.Build(), ShowCommand.Build(), PullCommand.Build(), RemoveCommand.Build(), InspectCommand.Build(),
            CheckCommand.Build(),
            ConvertCommand.Build(), QuantizeCommand.Build(), TrainCommand.Build(), DistillCommand.Build(), VmapCommand.Build(),
            EvalCommand.Build(),
            BenchCommand.Build(), LabCommand.Build(), ServeCommand.Build(), UiCommand.Build(), BatchCommand.Build(),
            ReplayCommand.Build(), ClusterCommand.Build(),
            EmbedCommand.Build(), ClassifyCommand.Build(), TagCommand.Build(), AnswerCommand.Build(), ScoreCommand.Build(),
            TokenizeCommand.Build(),
            DoctorCommand.Build(), CompletionCommand.Build(), HelpVerbs.BuildVersion(),
        };
        root.Add(HelpVerbs.BuildHelp(root));
        HelpAction.Install(root);
        NumberOptions.Install(root);
        ShowHelpWithoutVerb(root);
        return root;
    }

    /// <summary>Who names no command is shown which there are.</summary>
    private static void ShowHelpWithoutVerb(Command command)
    {
        if (command.Subcommands.Count == 0)
            return;
        command.SetAction(_ => HelpAction.Show(command, brief: true));
        foreach (Command verb in command.Subcommands)
            ShowHelpWithoutVerb(verb);
    }

    /// <summary>Failures whose message is meant for users; anything else is a defect.</summary>
    internal static bool IsExpected(Exception failure) => failure
        is SeriatimException or IOException or UnauthorizedAccessException or OutOfMemoryException;

    private static int ReportUsage(ParseResult parsed, IReadOnlyList<string> wrong)
    {
        foreach (string message in wrong)
            Terminal.Error(message);
        Terminal.Note($"'{UsageReport.PathOf(parsed.CommandResult)} --help' lists what there is.");
        return ExitCodes.Usage;
    }
}
