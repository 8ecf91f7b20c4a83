namespace Seriatim.Cluster.Tests;

/// <summary>Where requests go: to their prefix, never far above the mean, never where they cannot run.</summary>
public sealed class RouterTests
{
    private static readonly ulong[] Pages = [1UL << 40, 2UL << 40, 3UL << 40];

    [Fact]
    public void A_request_goes_where_most_of_its_prompt_is_computed() =>
        Assert.Equal("b", First(2, false, new("a", 3, 1), new("b", 4, 3), new("c", 3, 2)));

    [Fact]
    public void No_replica_gets_more_than_the_factor_of_the_mean()
    {
        // (9 + 1 + 2 + 1) / 3 requests, times 1.5, are 7 with the new one: b has 9 already.
        Assert.Equal("c", First(1.5, false, new("a", 1, 0), new("b", 9, 3), new("c", 2, 1)));
        Assert.Equal("b", First(3, false, new("a", 1, 0), new("b", 9, 3), new("c", 2, 1)));
        Assert.Equal(7, Router.BoundOf([new("a", 1, 0), new("b", 9, 3), new("c", 2, 1)], 1.5));
    }

    [Fact]
    public void The_bound_holds_whatever_comes()
    {
        var random = new Random(5);
        int[] load = new int[5];
        for (int i = 0; i < 1000; i++)
        {
            Candidate[] all = [.. load.Select((own, silo) => new Candidate($"{silo}", own, silo == 2 ? 9 : random.Next(3)))];
            int chosen = Router.Best(all, 1.25, isUrgent: false);
            load[chosen]++;
            Assert.True(load[chosen] <= Math.Ceiling(1.25 * load.Sum() / load.Length));
        }

        Assert.True(load[2] >= load.Max(), "the one with the prefix has the most it may have");
    }

    [Fact]
    public void An_urgent_request_goes_where_the_fewest_are() =>
        Assert.Equal("a", First(9, true, new("a", 1, 0), new("b", 2, 3), new("c", 2, 2)));

    [Fact]
    public void Between_equals_this_silo_and_then_the_name_decides()
    {
        Assert.Equal("c", First(2, false, new("a", 1, 1), new("b", 1, 1), new("c", 1, 1, IsHere: true)));
        Assert.Equal("a", First(2, false, new("b", 1, 1), new("a", 1, 1)));
    }

    [Fact]
    public void Known_pages_are_found_by_the_last_of_them()
    {
        var index = new PageIndex();
        (KnownReplica known, KnownReplica other) = (new KnownReplica(index), new KnownReplica(index));
        known.Take(new ModelReport { CachedPages = [2 << 8, 1 << 8, 2 << 8] });
        Look(2, 0);
        known.Take(new ModelReport());
        other.Take(new ModelReport { CachedPages = [3 << 8, 1 << 8, 5] });
        Look(2, 3);
        other.Take(new ModelReport { CachedPages = [1 << 8] });
        Look(2, 1);
        known.Take(new ModelReport { CachedPages = [] });
        Look(0, 1);
        other.Forget();
        Look(0, 0);
        Assert.Equal(0, index.Count);

        void Look(int expected, int ofOther)
        {
            index.Look(Pages);
            Assert.Equal((expected, ofOther), (index.CachedOf(known), index.CachedOf(other)));
            index.Look([]);
            Assert.Equal((0, 0), (index.CachedOf(known), index.CachedOf(other)));
        }
    }

    /// <summary>Whatever is told and forgotten, the index finds what each has by itself.</summary>
    [Fact]
    public void The_index_finds_what_each_replica_has()
    {
        var random = new Random(3);
        var index = new PageIndex();
        (KnownReplica Known, HashSet<uint> Own)[] all =
            [.. Enumerable.Range(0, 6).Select(_ => (new KnownReplica(index), new HashSet<uint>()))];
        for (int round = 0; round < 400; round++)
        {
            (KnownReplica known, HashSet<uint> own) = all[random.Next(all.Length)];
            uint[] told = [.. Enumerable.Range(0, random.Next(12)).Select(_ => (uint)random.Next(20))];
            known.Take(new ModelReport { CachedPages = told });
            own.Clear();
            own.UnionWith(told);
            ulong[] pages = [.. Enumerable.Range(0, 8).Select(_ => (ulong)random.Next(20) << 32)];
            index.Look(pages);
            foreach ((KnownReplica one, HashSet<uint> its) in all)
                Assert.Equal(Array.FindLastIndex(pages, page => its.Contains(PageIndex.HalfOf(page))) + 1, index.CachedOf(one));
            Assert.Equal(all.SelectMany(one => one.Own).Distinct().Count(), index.Count);
        }
    }

    [Fact]
    public void Silos_that_are_silent_drain_or_have_another_model_get_nothing()
    {
        var table = new SiloTable(new ClusterOptions());
        KnownSilo[] silos = [.. "abcdef".Select(name => table.Add($"{name}", new Link(null!), name == 'a'))];
        foreach (KnownSilo silo in silos)
        {
            table.Take(silo, new SiloReport
            {
                IsDraining = silo.Name == "b",
                Models = [new ModelReport
                {
                    Name = silo.Name == "e" ? "other" : "m",
                    Fingerprint = silo.Name == "c" ? "2" : "1",
                }],
            });
        }

        table.Silence(silos[3]);
        Assert.Equal(["a", "f"], Names(table));

        // What tells how it is is no more silent; what stops runs its own requests where nobody else does.
        table.Take(silos[3], new SiloReport { Models = [new ModelReport { Name = "m", Fingerprint = "1" }] });
        Assert.Equal(["a", "d", "f"], Names(table));
        table.Drain(silos[0]);
        Assert.Equal(["d", "f", "a"], Names(table));
        table.Keep(new HashSet<string>());
        Assert.Equal(["a"], Names(table));
    }

    /// <summary>What goes by turns comes to all of them, and to each once in a round that begins behind the own silo.</summary>
    [Fact]
    public void By_turns_each_silo_has_one()
    {
        var table = new SiloTable(new ClusterOptions { Routing = ClusterRouting.RoundRobin });
        foreach (string name in (string[])["c", "a", "b"])
        {
            table.Take(table.Add(name, new Link(null!), name == "a"),
                new SiloReport { Models = [new ModelReport { Name = "m", Fingerprint = "1" }] });
        }

        var none = new HashSet<KnownSilo>();
        string[] turns = [.. Enumerable.Range(0, 7).Select(_ => table.Best("m", "1", Pages, false, none)!.Name)];
        Assert.Equal(["b", "c", "a", "b", "c", "a", "b"], turns);
    }

    /// <summary>The least load is found without looking at pages, which decide otherwise.</summary>
    [Theory]
    [InlineData(ClusterRouting.Prefix, "b")]
    [InlineData(ClusterRouting.LeastLoad, "a")]
    public void Pages_decide_unless_load_alone_is_to(ClusterRouting routing, string expected)
    {
        var table = new SiloTable(new ClusterOptions { Routing = routing, LoadFactor = 3 });
        foreach ((string name, int running, uint[] pages) in new[] { ("a", 0, new uint[] { 7 }), ("b", 1, [1 << 8]) })
        {
            table.Take(table.Add(name, new Link(null!), name == "a"), new SiloReport
            {
                Models = [new ModelReport { Name = "m", Fingerprint = "1", Running = running, CachedPages = pages }],
            });
        }

        Assert.Equal(expected, table.Best("m", "1", Pages, false, new HashSet<KnownSilo>())!.Name);
    }

    /// <summary>Those that may be asked, one after the other.</summary>
    private static IEnumerable<string> Names(SiloTable table)
    {
        var asked = new HashSet<KnownSilo>();
        while (table.Best("m", "1", Pages, false, asked) is { } silo)
            asked.Add(silo);
        return asked.Select(silo => silo.Name);
    }

    private static string First(double factor, bool urgent, params Candidate[] candidates) =>
        candidates[Router.Best(candidates, factor, urgent)].Silo;
}
