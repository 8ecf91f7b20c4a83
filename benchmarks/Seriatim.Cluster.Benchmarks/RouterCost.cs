using System.Diagnostics;
using System.Globalization;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>What a door pays to find the replica for a request, and to know the replicas.</summary>
internal static class RouterCost
{
    private const string Model = "m", Fingerprint = "1";

    public static int Run(int pages)
    {
        Console.WriteLine($"a prompt of {pages} pages; each replica tells of {ModelReport.MostPages} pages");
        Console.WriteLine("replicas   decision µs   one report µs   reports MB/s at this door   cores for reports   memory MB");
        foreach (int replicas in (int[])[10, 100, 1000, 10_000])
            Measure(replicas, pages);
        return 0;
    }

    private static void Measure(int replicas, int pages)
    {
        var options = new ClusterOptions();
        var chance = new Chance(1, (ulong)replicas);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new SiloTable(options);
        KnownSilo[] silos = [.. Enumerable.Range(0, replicas).Select(i => table.Add($"replica-{i:D6}", null!, isHere: i == 0))];

        // What travels is made once and thrown away: only what the door keeps is to be counted.
        long reporting = Stopwatch.GetTimestamp();
        foreach (KnownSilo silo in silos)
            table.Take(silo, Report(chance));
        double report = Stopwatch.GetElapsedTime(reporting).TotalSeconds / replicas;
        double memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        ulong[] prompt = [.. Enumerable.Range(0, pages).Select(_ => chance.Next())];
        var except = new HashSet<KnownSilo>();
        int rounds = Math.Max(20, 200_000 / replicas);
        for (int i = 0; i < rounds / 4; i++)
            table.Best(Model, Fingerprint, prompt, isUrgent: false, except);
        long deciding = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
            table.Best(Model, Fingerprint, prompt, isUrgent: false, except);
        double decision = Stopwatch.GetElapsedTime(deciding).TotalSeconds / rounds;
        double reports = replicas / options.ReportTime.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{replicas,8}{1e6 * decision,14:F1}{1e6 * report,16:F1}{reports * ModelReport.MostPages * sizeof(uint) / 1e6,28:F1}"
                + $"{reports * report,20:F2}{memory / 1e6,12:F1}"));
        GC.KeepAlive(table);
    }

    private static SiloReport Report(Chance chance) => new()
    {
        Models = [new ModelReport
        {
            Name = Model,
            Fingerprint = Fingerprint,
            Running = chance.Below(8),
            CachedPages = [.. Enumerable.Range(0, ModelReport.MostPages).Select(_ => (uint)chance.Next())],
        }],
    };
}
