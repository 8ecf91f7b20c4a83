// Seriatim and others on the same work, by turns, beside the limits of the machine: one table. PeerOptions.Usage says how.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Seriatim.Peers;
using Seriatim.Tensors;

PeerOptions options;
try
{
    options = PeerOptions.Parse(args);
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

if (options.WantsHelp)
{
    Console.WriteLine(PeerOptions.Usage);
    return 0;
}

string scratch = Directory.CreateTempSubdirectory("seriatim-peers-").FullName;
try
{
    using var probe = new MachineProbe(options.Threads);
    var runner = new TurnRunner(probe, options.Rounds, line => Console.Error.WriteLine(line));
    var lines = new List<PeerLine>();
    string table = "";
    foreach (PeerWork work in Works())
    {
        lines.AddRange(runner.Run(work.Without(options.Without)));
        table = Write(runner, lines);
    }

    Console.WriteLine(table);
    return 0;
}
finally
{
    Directory.Delete(scratch, recursive: true);
}

// After each work: a run of an hour that is broken off has not been for nothing.
string Write(TurnRunner runner, IReadOnlyList<PeerLine> lines)
{
    var report = new PeerReport(
        new PeerMachine(Processor(), Instructions(), options.Threads, options.Rounds,
            $"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}",
            DateTime.UtcNow.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture), runner.ReadGigabytes,
            runner.FmaGigaflops), lines);
    string table = PeerTable.ToMarkdown(report);
    if (options.Output is { } output)
    {
        File.WriteAllText(output + ".md", table);
        File.WriteAllText(output + ".json", PeerTable.ToJson(report));
    }

    return table;
}

// One after the other, and each file is made when its turn comes.
IEnumerable<PeerWork> Works()
{
    foreach (string work in options.Works)
    {
        IEnumerable<PeerWork> works = work switch
        {
            "generation" => Generation(),
            "translation" => TranslationPlan.Works(options, scratch),
            "embeddings" => [EmbeddingPlan.Work(options)],
            _ => TrainingPlan.Works(options),
        };
        foreach (PeerWork one in works)
            yield return one;
    }
}

IEnumerable<PeerWork> Generation()
{
    foreach (string file in options.Files)
        yield return GenerationPlan.Work(file, options);
    if (options.Files.Count > 0)
        yield break;
    string folder = options.Models ?? scratch;
    Directory.CreateDirectory(folder);
    foreach (string shape in options.Shapes)
    {
        foreach (string type in options.Types)
        {
            string file = RandomModels.Make(folder, shape, type);
            yield return GenerationPlan.Work(file, options);
            if (options.Models is null)
                File.Delete(file);
        }
    }
}

static string Processor()
{
    const string Place = "/proc/cpuinfo";
    string? line = File.Exists(Place)
        ? File.ReadLines(Place).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
        : null;
    return line?.Split(':', 2)[1].Trim() ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER")
        ?? $"{RuntimeInformation.ProcessArchitecture}";
}

static string Instructions()
{
    (string Name, bool Has)[] known =
    [
        ("AVX2", Avx2.IsSupported), ("AVX-512", Avx512BW.IsSupported), ("AVX-VNNI", AvxVnni.IsSupported),
        ("AVX512-VNNI", Flag("avx512_vnni")), ("AMX", Flag("amx_int8")),
        ("NEON", System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported),
        ("dot products", System.Runtime.Intrinsics.Arm.Dp.IsSupported),
    ];
    return string.Join(", ", known.Where(one => one.Has).Select(one => one.Name)) is { Length: > 0 } names
        ? names
        : "no vector instructions";
}

// .NET has no name for these.
static bool Flag(string name) => File.Exists("/proc/cpuinfo")
    && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ')
        .Contains(name) == true;
