using System.Globalization;
using System.Text;
using Seriatim.Attention.Benchmarks;
using Seriatim.Lab;
using Seriatim.Models;
using Seriatim.Tensors;

// What each way to remember costs, and what it can bring back: docs/attention-families.md is made of this.
// Usage: dotnet run -c Release --project benchmarks/Seriatim.Attention.Benchmarks --
// forward|ops|decode|kernels|states|long|streaming|recall
// [--threads N] [--rounds N] [--longest N] [--steps N] [--tokens N] [--svg FOLDER]
// [--model FOLDER] [--text FILE] [--families A,B]
var options = new Dictionary<string, string>();
string what = "";
for (int i = 0; i < args.Length; i++)
{
    if (args[i] is "forward" or "ops" or "decode" or "kernels" or "states" or "long" or "streaming" or "recall"
        && what.Length == 0)
    {
        what = args[i];
    }
    else if (args[i] is "--threads" or "--rounds" or "--longest" or "--steps" or "--tokens" or "--svg" or "--model" or "--text"
        or "--families"
        && i + 1 < args.Length)
    {
        options[args[i]] = args[++i];
    }
    else
    {
        return Refuse($"{args[i]} is not known, or lacks its value.");
    }
}

foreach (string name in (string[])["--threads", "--rounds", "--longest", "--steps", "--tokens"])
{
    if (options.TryGetValue(name, out string? text) && !(int.TryParse(text, out int number) && number > 0))
        return Refuse($"{name} is {text}; a whole number above 0 is needed.");
}

int Number(string name, int otherwise) =>
    options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
bool IsWanted(string name) => !options.TryGetValue("--families", out string? list)
    || list.Split(',').Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

int threads = Number("--threads", Environment.ProcessorCount);
using IDifferentiableOps ops = CpuOps.Create(threads);
using (var probe = new MachineProbe(threads))
{
    MachineSpeed speed = probe.Measure();
    Console.WriteLine($"{threads} threads; reads {speed.ReadBytesPerSecond / 1e9:F0} GB/s, "
        + $"{2 * speed.F32MultiplyAddsPerSecond / 1e9:F0} GFLOP/s of fused multiply-adds");
}

Family[] families = [.. Family.All.Where(family => IsWanted(family.Name))];
switch (what)
{
    case "forward":
        int[] lengths = [.. Enumerable.Range(9, 16).Select(power => 1 << power).Where(n => n <= Number("--longest", 32768))];
        Forward(ForwardTimes.Measure(ops, families, lengths, Number("--rounds", 5), _ => { }));
        return 0;
    case "ops":
        ForwardTimes.PrintOps(ops, families, Number("--longest", 8192), Number("--rounds", 5));
        return 0;
    case "decode":
        foreach ((Family family, DecodePoint[] points) in DecodeTimes.Measure(ops, families, [1024, 8192, 32768]))
            Console.WriteLine($"{family.Name,-14}" + string.Concat(points.Select(p =>
                $"  after {p.Past,6:N0}: {p.Seconds * 1e6,9:F1} us, {p.Bytes / 1024.0,9:N0} KiB")));
        return 0;
    case "kernels":
        KernelShares.Run(threads, Number("--rounds", 9));
        return 0;
    case "states":
        StateCost.Run(ops, Number("--rounds", 9));
        return 0;
    case "long":
        await LongRun.RunAllAsync(ops, families, Number("--tokens", 100_000));
        return 0;
    case "streaming":
        if (!options.TryGetValue("--model", out string? folder) || !options.TryGetValue("--text", out string? file))
            return Refuse("streaming needs --model FOLDER and --text FILE.");
        StreamingPerplexity.Run(ops, folder, file, Number("--tokens", 8192));
        return 0;
    case "recall":
        Recall.Run(ops, [.. RecallFamily.All.Where(family => IsWanted(family.Name))], Number("--steps", 600),
            [16, 32, 64, 128, 256]);
        return 0;
    default:
        return Refuse("Say what to measure.");
}

void Forward(IReadOnlyList<(Family Family, ForwardPoint[] Points)> results)
{
    int[] lengths = [.. results[0].Points.Select(p => p.Length)];
    Console.WriteLine($"{"ms",-14}{string.Concat(lengths.Select(n => $"{n,10:N0}"))}  exponent");
    foreach ((Family family, ForwardPoint[] points) in results)
    {
        Console.WriteLine($"{family.Name,-14}{string.Concat(points.Select(p => $"{p.Seconds * 1e3,10:F2}"))}  "
            + $"{ForwardTimes.Exponent(points, p => p.Seconds):F2}");
    }
    Console.WriteLine($"{"MiB",-14}{string.Concat(lengths.Select(n => $"{n,10:N0}"))}");
    foreach ((Family family, ForwardPoint[] points) in results)
    {
        Console.WriteLine($"{family.Name,-14}{string.Concat(points.Select(p => $"{p.PeakBytes / 1048576.0,10:F1}"))}  "
            + $"{ForwardTimes.Exponent(points, p => p.PeakBytes):F2}");
    }
    if (!options.TryGetValue("--svg", out string? path))
        return;
    Directory.CreateDirectory(path);
    (string Name, (double X, double Y)[] Points)[] Curves(Func<ForwardPoint, double> of) =>
        [.. results.Select(r => (r.Family.Name, r.Points.Select(p => ((double)p.Length, of(p))).ToArray()))];
    File.WriteAllText(Path.Combine(path, "attention-time.svg"),
        Plot.Draw("One layer over a whole sequence, width 256: time", "ms", Curves(p => p.Seconds * 1e3)),
        new UTF8Encoding(false));
    File.WriteAllText(Path.Combine(path, "attention-memory.svg"),
        Plot.Draw("One layer over a whole sequence, width 256: memory", "MiB", Curves(p => p.PeakBytes / 1048576.0)),
        new UTF8Encoding(false));
}

static int Refuse(string reason)
{
    Console.Error.WriteLine(
        $"{reason} Usage: forward|ops|decode|kernels|states|long|streaming|recall [--threads N] [--rounds N] [--longest N] "
            + "[--steps N] [--tokens N] [--svg FOLDER] [--model FOLDER] [--text FILE] [--families A,B]");
    return 2;
}
