using System.CommandLine;
using System.Text.Json;
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
        Option<bool> json = SharedOptions.Json("the report as one JSON object");
        var command = new Command("lab", "Measure what is claimed about Transformers, on this machine.")
        {
            names, model, quick, threads, json,
        };
        command.SetAction(async (result, cancellation) =>
        {
            string[] wanted = result.GetValue(names) ?? [];
            if (wanted.Length == 0)
            {
                LabView.List(LabExperiments.All);
                return ExitCodes.Success;
            }

            CommandLine.EndsSlowly = true;
            var options = new LabOptions(result.GetValue(quick) ? LabSize.Quick : LabSize.Full, result.GetValue(model),
                SharedOptions.Read(result, threads).Threads);
            return await RunAsync(Find(wanted), options, result.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        IReadOnlyList<Experiment> experiments, LabOptions options, bool json, CancellationToken cancellation)
    {
        string now = "measuring this machine";
        var surroundings = new LabSurroundings(HelpVerbs.Version, Hardware.Processor(), Hardware.VectorBits());
        Task<LabReport> work = Task.Run(() => LabRunner.RunAsync(experiments, options, new ModelHub(), surroundings,
            (experiment, what) => Volatile.Write(ref now, what.Length == 0 ? experiment.Name : $"{experiment.Name}: {what}"),
            (experiment, result) =>
            {
                if (!json)
                    LabView.Print(experiment, result);
            }, cancellation), CancellationToken.None);
        await LiveProgress.ShowAsync(work, () => Volatile.Read(ref now));
        LabReport report = await work;
        if (json)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.LabReport));
        return report.Interrupted ? ExitCodes.Interrupted : ExitCodes.Success;
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
