using Seriatim.Generation;
using Seriatim.Server;
using Seriatim.Tests;

namespace Seriatim.Cluster.Tests;

/// <summary>Silos of this process whose doors know each other without Orleans, so that a test breaks the ways between them.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly List<TestSilo> _silos = [];

    public IReadOnlyList<TestSilo> Silos => _silos;

    /// <summary>The first silo: the tests' door.</summary>
    public TestSilo First => _silos[0];

    /// <summary>A server of the same model without a cluster.</summary>
    public TestSilo Alone { get; private set; } = null!;

    /// <summary>Where durable requests are stored.</summary>
    public MemoryKeptStore Store { get; } = new();

    /// <summary>Few updates an answer, so that a stream is under way for several however slow the machine is.</summary>
    public ClusterOptions Options { get; } =
        new() { Silence = TimeSpan.FromSeconds(1), LoadFactor = 1000, MostUpdates = 3 };

    /// <summary>Starts silos.</summary>
    /// <param name="count">How many.</param>
    /// <param name="link">The way to a silo, by its number.</param>
    /// <param name="others">Whether all but the first have other weights.</param>
    /// <param name="isPaced">Whether a step takes 3 ms at least, so that a run is under way for a while on any machine.</param>
    /// <param name="adapters">Seed of the adapter <c>lora</c> of a silo, by its number; null: none has one.</param>
    public static async Task<TestCluster> StartAsync(int count, Func<int, IReplica, Link>? link = null, bool others = false,
        bool isPaced = false, Func<int, int?>? adapters = null)
    {
        var cluster = new TestCluster();
        string model = Path.Combine(cluster._folder.Path, "model"), other = Path.Combine(cluster._folder.Path, "other");
        TinyModels.WriteLlama(Directory.CreateDirectory(model).FullName);
        TinyModels.WriteLlama(Directory.CreateDirectory(other).FullName, seed: 6);
        cluster.Alone = await TestSilo.StartAsync(model, configure: server => AddAdapter(server, 0));
        for (int i = 0; i < count; i++)
        {
            StepPrice? price = isPaced ? new(0.003, 0, 0, 0) : null;
            TestSilo silo = await TestSilo.StartAsync(others && i > 0 ? other : model, price: price,
                configure: server => AddAdapter(server, i));
            silo.Join($"silo-{i}", cluster.Options, cluster.Store);
            if (link is not null)
                silo.Link = link(i, silo.Replica);
            cluster._silos.Add(silo);
        }

        foreach (TestSilo silo in cluster._silos)
        {
            foreach (TestSilo far in cluster._silos)
            {
                KnownSilo known = far == silo ? silo.Door.Silos.Add(silo.Replica.Name, silo.Replica, true)
                    : silo.Door.Silos.Add(far.Replica.Name, far.Link, false);
                silo.Door.Silos.Take(known, await far.Replica.ReportAsync());
            }
        }

        return cluster;

        void AddAdapter(SeriatimServerOptions server, int silo)
        {
            if (adapters?.Invoke(silo) is not { } seed)
                return;
            string folder = TinyAdapters.Write(Path.Combine(cluster._folder.Path, $"adapter-{seed}"), seed);
            ServedModelOptions only = server.Models[0];
            var adapter = new AdapterFile { Name = "lora", Path = folder };
            server.Models[0] = only with { Options = only.Options with { Adapters = [adapter] } };
        }
    }

    /// <summary>Has the requests of the first silo run elsewhere where they can.</summary>
    public void SendAway() => First.Door.Silos.Drain(First.Door.Silos.Add(First.Replica.Name, First.Replica, true));

    public async ValueTask DisposeAsync()
    {
        foreach (TestSilo silo in _silos.Append(Alone))
            await silo.DisposeAsync();
        _folder.Dispose();
    }
}
