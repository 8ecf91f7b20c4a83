using System.CommandLine;
using System.Text.Json;
using Seriatim.Generation;
using Seriatim.Models;
using Seriatim.Simulation;
using Seriatim.Tensors;

namespace Seriatim.Cli;

/// <summary><c>seriatim lab cluster</c>: what a cluster would do that is larger than what there is.</summary>
internal static class ClusterLabCommand
{
    public static Command Build()
    {
        var flags = new ClusterLabFlags();
        Option<string?> measure = Flag.Maybe<string>("Measure what steps of a model take on this machine, and write it to the "
            + $"file of --cost: a model as other commands take it, or a shape: {string.Join(", ", BenchShapes.Names)}.",
            "model", "--measure");
        Option<string> quant = Flag.Of("With --measure and a shape: the type of matrices.", "type", "q8_0", "--quant");
        Option<double> seconds = Flag.Of("With --measure: how long.", "seconds", 20.0, "--seconds");
        Option<int> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json("one JSON object");
        var command = new Command("cluster",
            "Simulate a cluster with the engine's scheduler, the cluster's router and measured steps.");
        flags.AddTo(command);
        command.Add("Measuring", [measure, quant, seconds, threads]);
        command.Add(json);
        command.SetAction(async (result, cancellation) =>
        {
            if (!ClusterFlags.Exists)
            {
                throw new UserErrorException(
                    "This program was compiled ahead as one native file, which has no cluster to simulate.");
            }

            bool asJson = result.GetValue(json);
            if (result.GetValue(measure) is not { } name)
            {
                result.Require(false, "--measure", quant, seconds, threads);
                return await SimulateAsync(flags, result, asJson, cancellation);
            }

            foreach (Option option in flags.OfSimulation)
            {
                if (result.IsGiven(option))
                    throw new UsageException($"{option.Name} does nothing with --measure, which simulates nothing.");
            }

            double time = result.GetValue(seconds);
            if (!(time is > 0 and <= 3600))
                throw new UsageException($"--seconds is {time}; more than 0, at most 3600, is needed.");
            int count = SharedOptions.Read(result, threads).Threads;
            string file = result.GetValue(flags.CostFile)
                ?? throw new UsageException("--measure needs --cost FILE, to write to.");
            return await MeasureAsync((name, result.GetRequiredValue(quant), result.IsGiven(quant)), file, flags.Engine(result),
                count, TimeSpan.FromSeconds(time), asJson, cancellation);
        });
        return command;
    }

    private static async Task<int> SimulateAsync(
        ClusterLabFlags flags, ParseResult result, bool asJson, CancellationToken cancellation)
    {
        MeasuredPrice price = flags.Price(result);
        IReadOnlyList<ClusterPlan> plans = flags.Plans(result, price.Price);
        Trace trace;
        try
        {
            trace = flags.Trace(result);
        }
        catch (SimulationException failure) when (!failure.Message.Contains(':', StringComparison.Ordinal))
        {
            throw new UsageException($"--{failure.Message}");
        }

        (int ended, string routing) = (0, "");
        Task<ClusterOutcome[]> work = Task.Run(() => plans.Select(plan =>
        {
            routing = RoutingNames.Of(plan.Routing);
            return ClusterSimulation.Run(trace, plan, count => ended = count, cancellation: cancellation);
        }).ToArray(), cancellation);
        await LiveProgress.ShowAsync(work,
            () => $"{routing}: {Volatile.Read(ref ended):N0} of {trace.Requests.Count:N0} requests");
        ClusterLabReport report = ClusterLabReport.Of(trace, plans[0], price, await work);
        if (asJson)
            Console.Out.WriteLine(JsonSerializer.Serialize(report, CliJson.Lines.ClusterLabReport));
        else
            ClusterLabView.Print(report);
        return ExitCodes.Success;
    }

    private static async Task<int> MeasureAsync((string Name, string Quant, bool SaysQuant) what, string file,
        EngineOptions engine, int threads, TimeSpan time, bool asJson, CancellationToken cancellation)
    {
        bool isShape = BenchShapes.Names.Contains(what.Name);
        if (what.SaysQuant && !isShape)
            throw new UsageException("--quant is for shapes; a model has the types of its file.");
        string path = isShape ? "" : await ModelFolder.ResolveAsync(what.Name, cancellation);
        using Model model = isShape ? BenchShapes.Make(what.Name, what.Quant)
            : Model.Load(path, new ModelLoadOptions { Progress = new LoadingLine() });
        using IDifferentiableOps ops = CpuOps.Create(threads);
        int steps = 0;
        var measuredModel = new LoadedModel(model, ops);
        Task<IReadOnlyList<(StepWork, double)>> work = Task.Run(() => PriceMeasure.Run(
            measuredModel, engine with { Pages = 1024 }, time, count => steps = count, cancellation), cancellation);
        await LiveProgress.ShowAsync(work, () => $"{Volatile.Read(ref steps):N0} steps");
        IReadOnlyList<(StepWork, double)> measured = await work;
        (StepPrice price, double error) = PriceFit.Of(measured);
        var found = new MeasuredPrice
        {
            Model = isShape ? $"{what.Name} {what.Quant}" : what.Name,
            Machine = Seriatim.Lab.LabSurroundings.Of(HelpVerbs.Version).Processor,
            Threads = threads == 0 ? Environment.ProcessorCount : threads,
            Steps = measured.Count,
            Error = error,
            StepSeconds = price.Step,
            RowSeconds = price.Row,
            OutputSeconds = price.Output,
            PositionSeconds = price.Position,
        };
        PriceJson.Write(file, found);
        if (asJson)
            Console.Out.WriteLine(JsonSerializer.Serialize(found, CliJson.Lines.MeasuredPrice));
        else
            ClusterLabView.Print(found);
        Terminal.Note($"Written to {file}; 'seriatim lab cluster --cost {file}' reckons with it.");
        return ExitCodes.Success;
    }
}
