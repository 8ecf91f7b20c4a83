using Seriatim.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/Seriatim.Benchmarks [-- [--ops] [--threads N] [--rounds N] [filter]]
// Without --ops: kernels as fractions of the machine's limits. With --ops: the time of every case of the table of ops.
int threads = Environment.ProcessorCount;
int rounds = 9;
string filter = "";
bool table = false;
for (int i = 0; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--threads" when i + 1 < args.Length && int.TryParse(args[i + 1], out threads) && threads > 0: i++; break;
        case "--rounds" when i + 1 < args.Length && int.TryParse(args[i + 1], out rounds) && rounds > 0: i++; break;
        case "--ops": table = true; break;
        case "--threads" or "--rounds":
            Console.Error.WriteLine($"{args[i]} needs a positive number.");
            return 2;
        case ['-', ..]:
            Console.Error.WriteLine($"Unknown option {args[i]}. Options: --ops, --threads N, --rounds N, and a part of a benchmark's name.");
            return 2;
        default: filter = args[i]; break;
    }
}

return table ? OpTableBenchmarks.Run(threads, rounds, filter) : KernelBenchmarks.Run(threads, rounds, filter);
