using System.Globalization;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>
/// Four real processes against the simulation of them. All of the processes is real: HTTP, doors, Orleans, reports, scheduler,
/// prefix cache, sampling; but each step waits until it has taken what the price says (<c>--pace</c>), as four replicas that
/// compute would take each other's cores. What HTTP and the doors take is measured first, of requests alone.
/// </summary>
internal static class Comparison
{
    private const int Replicas = 4, Positions = 8192, Sequences = 16, Vocabulary = 500, Context = 500;

    /// <summary>
    /// Requests of a probe; half as many before it. Together they go round all silos from each door, so that where the next one
    /// goes in turn is where the first would have gone.
    /// </summary>
    private const int Alone = 64;

    public static async Task<int> RunAsync(ComparisonOptions options)
    {
        string model = options.Model ?? FindStories();
        MeasuredPrice price = options.Cost is { } file ? PriceJson.Read(file) : Cli.ClusterLabFlags.UsualPrice;
        price = Scaled(price, options.Scale);
        string folder = Directory.CreateTempSubdirectory("seriatim-cluster-bench-").FullName;
        try
        {
            string cost = Path.Combine(folder, "cost.json");
            PriceJson.Write(cost, price);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{options.Traces} traces of {options.Requests} requests, {Replicas} processes, a step "
                    + $"{price.StepSeconds * 1e3:F1} ms, a row {price.RowSeconds * 1e6:F0} µs"));
            foreach (ClusterRouting routing in Enum.GetValues<ClusterRouting>().Where(one => one == (options.Routing ?? one)))
                await CompareAsync(routing, model, cost, price, options);

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Trace TraceOf(ComparisonOptions options, int number) => new TraceRecipe
    {
        Requests = options.Requests,
        Rate = options.Rate,
        Turns = 5,
        Think = 3,
        Prompt = 24,
        Output = 20,
        Prefixes = 6,
        PrefixTokens = 96,
        Context = Context,
    }.Make(options.Seed + (ulong)number);

    /// <summary>
    /// All traces with one routing, each with processes that have just begun: figures are of all requests together.
    /// </summary>
    private static async Task CompareAsync(ClusterRouting routing, string model, string cost, MeasuredPrice price,
        ComparisonOptions options)
    {
        (Figures real, Figures simulated) = (new(), new());
        Console.WriteLine($"\n{RoutingNames.Of(routing)}");
        for (int number = 0; number < options.Traces; number++)
        {
            Trace trace = TraceOf(options, number);
            double beside;
            Figures here;
            await using (Processes processes = await Processes.StartAsync(Replicas, [
                "-m", $"{model}=m", "-t", "1", "-c", $"{Positions}", "--cache-type", "f32", "-np", $"{Sequences}", "--pace", cost,
                "--cluster-routing", RoutingNames.Of(routing)]))
            {
                var alone = new List<double>();
                await ProbeAsync(processes, price.Price, alone);
                var client = new TraceClient(processes.Doors, "m", Vocabulary);
                double seconds = await client.RunAsync(trace);

                // Before and after, as a machine that others use too is not the same all the time.
                await ProbeAsync(processes, price.Price, alone);
                beside = Math.Max(0, Figures.At(alone, 0.5));
                here = Figures.Of(client, seconds);
            }

            Figures there = Simulate(trace, routing, price, beside);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  trace {options.Seed + (ulong)number}: {beside * 1e3:F2} ms beside the step of a request alone; differences "
                    + $"{here.Differences(there)}"));
            real.Add(here);
            simulated.Add(there);
        }

        Console.WriteLine($"{"",-34}{"processes",12}{"simulation",12}{"difference",12}");
        foreach ((string name, Func<Figures, double> read) in Figures.Lines)
            Line(name, read(real), read(simulated));
    }

    private static Figures Simulate(Trace trace, ClusterRouting routing, MeasuredPrice price, double beside)
    {
        var plan = new ClusterPlan
        {
            Replicas = Replicas,
            Doors = Replicas,
            Routing = routing,
            Price = price.Price,
            Engine = new EngineOptions { Pages = Positions / 16, MaxSequences = Sequences, MaxQueuedRequests = 512 },
            ThereSeconds = beside / 2,
            BackSeconds = beside / 2,
        };
        var figures = new Figures();
        ClusterOutcome outcome = ClusterSimulation.Run(trace, plan, ended: figures.Take(plan.BackSeconds));
        figures.Close(outcome);
        return figures;
    }

    /// <summary>Seconds that HTTP, the door and the way to the replica take, beside the step that makes a first token.</summary>
    private static async Task ProbeAsync(Processes processes, StepPrice price, List<double> times)
    {
        const int Tokens = 8;
        var client = new TraceClient(processes.Doors, "m", Vocabulary);
        double step = price.Seconds(new StepWork(Tokens, 1, Tokens * (Tokens + 1) / 2));
        for (int i = -Alone / 2; i < Alone; i++)
        {
            // No two begin alike.
            int[] prompt = [.. Enumerable.Range(0, Tokens).Select(at => 10 + (i + times.Count + 1000) * (at + 7) * 31 % 490)];
            double first = await client.AskAsync((i + Alone) % processes.Doors.Length, prompt, 2);
            if (i >= 0)
                times.Add(first - step);
        }
    }

    private static void Line(string name, double real, double simulated) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{name,-34}{real,12:F2}{simulated,12:F2}{100 * (simulated / real - 1),11:F1} %"));

    private static MeasuredPrice Scaled(MeasuredPrice price, double scale) => price with
    {
        StepSeconds = scale * price.StepSeconds,
        RowSeconds = scale * price.RowSeconds,
        OutputSeconds = scale * price.OutputSeconds,
        PositionSeconds = scale * price.PositionSeconds,
    };

    private static string FindStories()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Seriatim.slnx")))
            folder = Path.GetDirectoryName(folder);
        string stories = Path.Combine(folder ?? ".", "..", "shared", "models", "stories260K");
        return Directory.Exists(stories) ? Path.GetFullPath(stories)
            : throw new DirectoryNotFoundException("There is no ../shared/models/stories260K; name a model with --model.");
    }
}
