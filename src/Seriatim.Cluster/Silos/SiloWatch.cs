using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>
/// Joins the server to the cluster: takes its requests by the door, and asks the other silos how they are as long as it runs.
/// </summary>
/// <param name="server">The server.</param>
/// <param name="door">Its door.</param>
/// <param name="client">Finds other silos' services.</param>
/// <param name="oracle">Knows which silos there are.</param>
/// <param name="store">The store of the membership.</param>
internal sealed class SiloWatch(
    ServerCore server, Door door, ReplicaClient client, ISiloStatusOracle oracle, MembershipStore store)
    : BackgroundService
{
    private static readonly TimeSpan MarkTime = TimeSpan.FromSeconds(20);

    private readonly HashSet<SiloAddress> _members = [];
    private Task _swept = Task.CompletedTask;
    private Task _looked = Task.CompletedTask;
    private long _marked;
    private string? _other;
    private readonly Dictionary<string, Task> _asked = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        server.Route = door;
        ClusterLog.Joined(door.Logger, door.Options.Name, door.Own.Name, store.Kind);
        using var timer = new PeriodicTimer(door.Options.ReportTime);
        do
        {
            try
            {
                await LookAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
            {
                ClusterLog.WatchFailed(door.Logger, failure);
            }
        }
        while (await NextAsync(timer, stoppingToken).ConfigureAwait(false));
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task LookAsync()
    {
        LookAtStore();
        SiloAddress[] members = [.. oracle.GetApproximateSiloStatuses(onlyActive: true).Keys
            .Where(silo => !silo.Equals(oracle.SiloAddress))];
        foreach (SiloAddress member in members.Where(_members.Add))
            ClusterLog.Found(door.Logger, NameOf(member));
        foreach (SiloAddress gone in _members.Except(members).ToArray())
        {
            _members.Remove(gone);
            _asked.Remove(NameOf(gone));
            ClusterLog.Gone(door.Logger, NameOf(gone));
        }

        door.Silos.Keep(members.Select(NameOf).ToHashSet(StringComparer.Ordinal));
        SiloReport own = await door.Own.ReportAsync().ConfigureAwait(false);
        door.Silos.Take(door.Silos.Add(door.Own.Name, door.Own, isHere: true), own);
        foreach (SiloAddress member in members)
        {
            KnownSilo silo = door.Silos.Add(NameOf(member), client.Of(member), isHere: false);

            // One that has not answered yet is not asked twice.
            if (_asked.GetValueOrDefault(silo.Name) is not { IsCompleted: false })
                _asked[silo.Name] = AskAsync(silo);
        }

        await door.Own.SweepAsync().ConfigureAwait(false);

        // Not waited for: a store that is gone takes its time.
        if (_swept.IsCompleted)
            _swept = Task.Run(SweepAsync);
    }

    /// <summary>The name of a silo: its address, and when it was started, so that one that comes again is another.</summary>
    public static string NameOf(SiloAddress silo) => silo.ToParsableString();

    private async Task AskAsync(KnownSilo silo)
    {
        try
        {
            SiloReport report = await silo.Replica.ReportAsync().WaitAsync(door.Options.Silence).ConfigureAwait(false);
            door.Silos.Take(silo, report);
            foreach (ModelReport model in report.Models)
            {
                if (model.Fingerprint is { } other && server.Models.TryFind(model.Name) is { Opened: { } opened } served
                    && ModelIdentity.Of(opened, served.Adapter?.Name) is var own && own != other)
                {
                    door.NoteOther(silo, model.Name, own, other);
                }
            }
        }
        catch (Exception failure)
        {
            door.NoteSilent(silo, failure);
        }
    }

    private async Task SweepAsync()
    {
        await door.Kept.SweepAsync().ConfigureAwait(false);
        if (server.Clock.GetElapsedTime(_marked) < MarkTime && !store.IsUnwritten)
            return;
        _marked = server.Clock.GetTimestamp();
        string? other = await store.MarkAsync().ConfigureAwait(false);
        if (store.Wrong is { } wrong)
            ClusterLog.ClockWrong(door.Logger, wrong.TotalSeconds);
        if (other is not null && other != _other)
            ClusterLog.OtherSpeech(door.Logger, other);
        _other = other;
    }

    private void LookAtStore()
    {
        // What the last look has found; none is waited for.
        if (_looked.IsCompleted)
            _looked = Task.Run(store.LookAsync);
        string? failure = store.Failure;
        if (failure is not null && door.StoreFailure is null)
            ClusterLog.StoreGone(door.Logger, failure, _members.Count + 1);
        if (failure is null && door.StoreFailure is not null)
            ClusterLog.StoreBack(door.Logger);
        door.StoreFailure = failure;
    }
}
