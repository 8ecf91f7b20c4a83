using System.Globalization;

namespace Seriatim.Cluster.Benchmarks;

/// <summary>What a door pays to find the replica for a request, and to know the replicas.</summary>
internal static class RouterCost
{
    private const string Model = "m", Fingerprint = "1";
    private const int Changed = 100, Shared = 6;

    public static int Run(int pages)
    {
        Console.WriteLine($"a prompt of {pages} pages, the first six of which all replicas have; each replica tells of "
            + $"{ModelReport.MostPages} pages, {Changed} of them new each time; time of the processor");
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

        ulong[] prompt = [.. Enumerable.Range(0, pages).Select(_ => chance.Next())];
        foreach (KnownSilo silo in silos)
            table.Take(silo, Report(chance, PagesOf(chance, prompt, silo.Name, 0)));
        double memory = GC.GetTotalMemory(forceFullCollection: true) - before;
        SiloReport[] next = [.. silos.Take(1000).Select(silo => Report(chance, PagesOf(chance, prompt, silo.Name, Changed)))];
        TimeSpan reporting = Environment.CpuUsage.UserTime;
        for (int i = 0; i < next.Length; i++)
            table.Take(silos[i], next[i]);
        double report = (Environment.CpuUsage.UserTime - reporting).TotalSeconds / next.Length;
        var except = new HashSet<KnownSilo>();
        int rounds = Math.Max(100, 1_000_000 / replicas);
        for (int i = 0; i < rounds / 4; i++)
            table.Best(Model, Fingerprint, prompt, isUrgent: false, except);
        TimeSpan deciding = Environment.CpuUsage.UserTime;
        for (int i = 0; i < rounds; i++)
            table.Best(Model, Fingerprint, prompt, isUrgent: false, except);
        double decision = (Environment.CpuUsage.UserTime - deciding).TotalSeconds / rounds;
        double reports = replicas / options.ReportTime.TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{replicas,8}{1e6 * decision,14:F1}{1e6 * report,16:F1}{reports * ModelReport.MostPages * sizeof(uint) / 1e6,28:F1}"
                + $"{reports * report,20:F2}{memory / 1e6,12:F1}"));
        GC.KeepAlive(table);
    }

    /// <summary>Pages of a replica, of which some are others than before.</summary>
    private static uint[] PagesOf(Chance chance, ulong[] prompt, string silo, int changed)
    {
        var own = new Chance(7, ulong.Parse(silo.Split('-')[1], CultureInfo.InvariantCulture));
        uint[] pages = [.. Enumerable.Range(0, ModelReport.MostPages).Select(_ => (uint)own.Next())];
        for (int i = 0; i < Shared; i++)
            pages[i] = PageIndex.HalfOf(prompt[i]);
        for (int i = 0; i < changed; i++)
            pages[Shared + i] = (uint)chance.Next();
        Array.Sort(pages);
        return pages;
    }

    private static SiloReport Report(Chance chance, uint[] pages) => new()
    {
        Models = [new ModelReport
        {
            Name = Model,
            Fingerprint = Fingerprint,
            Running = chance.Below(8),
            CachedPages = pages,
        }],
    };
}
