using System.Text.Json;
using Seriatim.Training.Benchmarks;

// The speed of whole training steps (forward, backward, AdamW) as a share of the machine's multiply-adds, measured in the same round.
// Usage: dotnet run -c Release --project benchmarks/Seriatim.Training.Benchmarks
//        [-- [--threads N] [--rounds N] [--recompute] [--ops] [--json] [a part of a case's name]]
int threads = Environment.ProcessorCount, rounds = 9;
bool json = false, recompute = false, ops = false;
string filter = "";
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--threads" when i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0: i++; break;
        case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], out rounds) && rounds > 0: i++; break;
        case "--json": json = true; break;
        case "--recompute": recompute = true; break;
        case "--ops": ops = true; break;
        case "--threads" or "--rounds":
            Console.Error.WriteLine($"{args[i]} needs a positive number.");
            return 2;
        case ['-', ..]:
            Console.Error.WriteLine($"Unknown option {args[i]}. Options: --threads N, --rounds N, --recompute, --ops, --json, and a part of a case's name.");
            return 2;
        default: filter = args[i]; break;
    }
}

StepCase[] cases = [.. StepCase.All.Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
if (cases.Length == 0)
{
    Console.Error.WriteLine($"No case has '{filter}' in its name: {string.Join(", ", StepCase.All.Select(c => c.Name))}.");
    return 2;
}

var results = new List<StepResult>();
foreach (StepCase step in cases)
{
    if (!json)
        Console.WriteLine($"{step.Name}: {step.Description}; {threads} threads, {rounds} rounds");
    StepResult result = StepBenchmark.Run(step, threads, rounds, recompute, ops);
    results.Add(result);
    if (!json)
        Console.WriteLine(result);
}

if (json)
    Console.WriteLine(JsonSerializer.Serialize(results, new JsonSerializerOptions { WriteIndented = true }));
return 0;
