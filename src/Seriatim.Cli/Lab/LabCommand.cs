using System.CommandLine;
using System.Text.Json;
using System.Threading.Channels;
using Seriatim.Lab;

namespace Seriatim.Cli;

/// <summary><c>seriatim lab</c>: measures what is claimed about Transformers on this machine.</summary>
internal static class LabCommand
{
    /// <summary>The name that stands for every experiment.</summary>
    private const string Everything = "all";

    public static Command Build()
    {
        var names = new Argument<string[]>("names")
        {
            Description = "Experiments, in the order they are to run; all: every one; none: list them.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        names.CompletionSources.Add(_ => [Everything, .. LabExperiments.All.Select(e => e.Name)]);
        Option<string> model = SharedOptions.Model();
        model.Required = false;
        model.Description = "A model for the experiments that are about a model (default: a built-in one): " + model.Description;
        var quick = new Option<bool>("--quick") { Description = "Shorter runs: everything within ten minutes on two cores." };
        Option<int> threads = SharedOptions.Threads();
        var seed = new Option<ulong>("--seed")
        {
            Description = "Seed of everything random. The same seed gives the same figures, but for times.",
            DefaultValueFactory = _ => 1,
            HelpName = "n",
        };
        var html = new Option<string>("--html") { Description = "Write the report as a page to this file.", HelpName = "file" };
        var language = new Option<string>("--lang")
        {
            Description = "Language of the page.",
            DefaultValueFactory = _ => "en",
            HelpName = "en|zh",
            CompletionSources = { "en", "zh" },
        };
        Option<bool> json = SharedOptions.Json("the report as one JSON object");
        var command = new Command("lab", "Measure what is claimed about Transformers, on this machine.")
        {
            names, model, quick, html, language, seed, threads, json, ClusterLabCommand.Build(),
        };
        command.SetAction(async (result, cancellation) =>
        {
            string[] wanted = result.GetValue(names) ?? [];
            if (wanted.Length == 0)
            {
                List(result.GetValue(json));
                return ExitCodes.Success;
            }

            LabPageFile? page = LabPageFile.Read(result.GetValue(html), result.GetRequiredValue(language));
            var options = new LabOptions(result.GetValue(quick) ? LabSize.Quick : LabSize.Full, result.GetValue(model),
                SharedOptions.Read(result, threads).Threads, result.GetValue(seed));
            return await RunAsync(Find(wanted), options, page, result.GetValue(json), cancellation);
        });
        return command;
    }

    private static void List(bool json)
    {
        if (!json)
            LabView.List(LabExperiments.All);
        foreach (Experiment experiment in json ? LabExperiments.All : [])
            Console.Out.WriteLine(JsonSerializer.Serialize(LabEntry.Of(experiment), CliJson.Lines.LabEntry));
    }

    private static async Task<int> RunAsync(IReadOnlyList<Experiment> experiments, LabOptions options,
        LabPageFile? page, bool json, CancellationToken cancellation)
    {
        if (options.Model is { } name)
            await new ModelHub().ResolveAsync(name, cancellationToken: cancellation);
        CommandLine.EndsSlowly = true;
        string now = "measuring this machine";
        var results = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
        var surroundings = LabSurroundings.Of(HelpVerbs.Version);
        Task<LabReport> work = Task.Run(() => LabRunner.RunAsync(experiments, options, new ModelHub(), surroundings,
            new LabListener(
                machine => Show(() => LabView.Print(machine)),
                (experiment, what) => Volatile.Write(ref now, what.Length == 0 ? experiment.Name : $"{experiment.Name}: {what}"),
                (experiment, result) => Show(() => LabView.Print(experiment, result))), cancellation), CancellationToken.None);
        _ = work.ContinueWith(_ => results.Writer.Complete(), TaskScheduler.Default);

        // Progress is on while nothing is printed, and off while something is.
        for (Task<bool> more = results.Reader.WaitToReadAsync(CancellationToken.None).AsTask(); ;
            more = results.Reader.WaitToReadAsync(CancellationToken.None).AsTask())
        {
            await LiveProgress.ShowAsync(more, () => Volatile.Read(ref now));
            if (!await more)
                break;
            while (results.Reader.TryRead(out Action? print))
                print();
        }

        LabReport report = await work;
        page?.Write(report);
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.LabReport));
        return report.Interrupted ? ExitCodes.Interrupted
            : report.Results.Any(result => result.Verdict == Verdict.Failed) ? ExitCodes.Internal : ExitCodes.Success;

        void Show(Action print)
        {
            if (!json)
                results.Writer.TryWrite(print);
        }
    }

    private static IReadOnlyList<Experiment> Find(string[] wanted)
    {
        if (wanted.Contains(Everything))
        {
            return wanted.Length == 1
                ? LabExperiments.All
                : throw new UsageException("'all' is every experiment; name it alone.");
        }

        return [.. wanted.Distinct().Select(name => LabExperiments.Find(name) ?? throw new UsageException(
            $"There is no experiment '{name}'. There are: {string.Join(", ", LabExperiments.All.Select(e => e.Name))}."))];
    }
}
