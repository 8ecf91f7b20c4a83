using System.Globalization;
using Seriatim.Cluster.Benchmarks;

// The cluster in processes against its simulation, and what a door's decision costs.
//   compare [--requests N] [--rate N] [--seed N] [--traces N] [--routing NAME] [--cost FILE] [--scale N] [--model FOLDER]
//       four 'seriatim serve --cluster' with --pace, for each routing, and the simulation of the same trace with the same price
//   router [--pages N]
//       microseconds to find the replica for a request, and what a door remembers, by the number of replicas
Dictionary<string, string> flags = new(StringComparer.Ordinal);
AppDomain.CurrentDomain.ProcessExit += (_, _) => Processes.KillAll();
string[] known = ["requests", "rate", "seed", "traces", "routing", "cost", "scale", "model", "pages"];
for (int i = 1; i < args.Length; i += 2)
{
    if (i + 1 == args.Length || !args[i].StartsWith("--", StringComparison.Ordinal) || !known.Contains(args[i][2..]))
        return Usage($"'{args[i]}' is no flag with a value.");
    flags[args[i][2..]] = args[i + 1];
}

return args switch
{
    ["compare", ..] => await Comparison.RunAsync(new ComparisonOptions
    {
        Requests = (int)Number("requests", 240),
        Rate = Number("rate", 3),
        Seed = (ulong)Number("seed", 1),
        Traces = (int)Number("traces", 4),
        Routing = flags.TryGetValue("routing", out string? routing) ? RoutingNames.Find(routing)
            ?? throw new ArgumentException($"--routing is {routing}; {string.Join(", ", RoutingNames.Names)} are known.") : null,
        Cost = flags.GetValueOrDefault("cost"),
        Scale = Number("scale", 8),
        Model = flags.GetValueOrDefault("model"),
    }),
    ["router", ..] => RouterCost.Run((int)Number("pages", 24)),
    _ => Usage("Say what is to be measured."),
};

double Number(string name, double usual) => !flags.TryGetValue(name, out string? text) ? usual
    : double.TryParse(text, CultureInfo.InvariantCulture, out double value) && value > 0 ? value
        : throw new ArgumentException($"--{name} is {text}; a number above 0 is needed.");

static int Usage(string problem)
{
    Console.Error.WriteLine($"{problem} There are: compare [--requests N] [--rate N] [--seed N] [--traces N] [--routing NAME] "
        + "[--cost FILE] [--scale N] [--model FOLDER], router [--pages N].");
    return 2;
}
