using Seriatim.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/Seriatim.Benchmarks [-- [--threads N] [--rounds N] [filter]]
int threads = Environment.ProcessorCount;
int rounds = 9;
string filter = "";
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--threads" when i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0: i++; break;
        case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], out rounds) && rounds > 0: i++; break;
        case "--threads" or "--rounds":
            Console.Error.WriteLine($"{args[i]} needs a positive number.");
            return 2;
        case ['-', ..]:
            Console.Error.WriteLine($"Unknown option {args[i]}. Options: --threads N, --rounds N, and a part of a benchmark's name.");
            return 2;
        default: filter = args[i]; break;
    }
}

return KernelBenchmarks.Run(threads, rounds, filter);
