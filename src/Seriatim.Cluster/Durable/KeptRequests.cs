using System.Collections.Concurrent;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>The durable requests of a door.</summary>
/// <param name="door">The door.</param>
/// <param name="store">Where they are stored.</param>
internal sealed class KeptRequests(Door door, IKeptStore store)
{
    /// <summary>How often to try where two doors write at the same time.</summary>
    public const int Tries = 5;

    private readonly ConcurrentDictionary<string, KeptRequest> _here = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _left = new(StringComparer.Ordinal);
    private bool _hasFailed;

    public Door Door => door;

    public IKeptStore Store => store;

    /// <summary>How many are kept here.</summary>
    public int Count => _here.Count;

    /// <summary>What is kept cannot be reached.</summary>
    public static ApiException Unreachable() => new(new ApiError(503, ApiError.ServerError,
        "Durable requests cannot be stored or read at this time: their store is full or cannot be reached. Come again, or ask "
            + $"without {DurableCalls.Header}.", "durable_store_unavailable", DurableCalls.Header)
    {
        RetryAfter = TimeSpan.FromSeconds(10),
    });

    /// <summary>Has a request kept, from when it is submitted.</summary>
    public IKeptRequest Add(KeptHead head) => new KeptRequest(this, head);

    /// <summary>A request runs at this door, or is followed by it. Another one here of the same number has lost it.</summary>
    public void Register(KeptRequest kept)
    {
        KeptRequest? before = null;
        _here.AddOrUpdate(kept.Head.Number, kept, (_, old) =>
        {
            before = old;
            return kept;
        });
        if (before != kept)
            before?.Lose();
    }

    /// <summary>
    /// A request that is to go on here in place of whoever has it: from when it is submitted, so that one that is refused before
    /// loses nothing. Null: there is none of that number and owner.
    /// </summary>
    /// <exception cref="ApiException">The store cannot be reached.</exception>
    public async Task<IKeptRequest?> TakeAsync(string number, string owner) =>
        await ReadAsync(number, owner).ConfigureAwait(false) is not { Record.IsBackground: false } found ? null
            : new KeptRequest(this, HeadOf(number, found.Record), found.Record with { Door = door.Own.Name }, found.Tag,
                takes: true);

    /// <summary>Follows a request where somebody has it; null: there is none of that number and owner.</summary>
    /// <exception cref="ApiException">The store cannot be reached.</exception>
    public async Task<IKeptRequest?> FindAsync(string number, string owner) =>
        await ReadAsync(number, owner).ConfigureAwait(false) is not { } found ? null
            : new KeptRequest(this, HeadOf(number, found.Record), found.Record, found.Tag);

    /// <summary>Forgets a request, here and at all other silos.</summary>
    public async Task ForgetAsync(string number)
    {
        if (_here.TryRemove(number, out KeptRequest? kept))
            kept.Lose();
        foreach (string silo in door.Silos.Read(silo => silo.Name))
            EndElsewhere(number, silo, forget: true);
        try
        {
            await store.ClearAsync(number).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            NoteFailure(failure);
            throw Unreachable();
        }
    }

    /// <summary>What comes out of a request that this door has; for one that follows it.</summary>
    public async Task<RunNews> ReadAsync(string number, int prompt, int from) =>
        _here.TryGetValue(number, out KeptRequest? kept) && kept is { Followed: null, IsLost: false }
            ? await kept.ReadAsync(prompt, from, door.Options.Heartbeat, door.Options.MostUpdates).ConfigureAwait(false)
            : new RunNews { End = RunEnd.Gone };

    /// <summary>A client has cancelled a request at another door, or had it forgotten.</summary>
    public void End(string number, bool forget)
    {
        if (_here.TryGetValue(number, out KeptRequest? kept))
            kept.Cancelled?.Invoke();
        if (forget)
        {
            kept?.Lose();
            _here.TryRemove(number, out _);
            door.ForgetResponse(number);
        }
    }

    /// <summary>Tells another silo that a client has cancelled a request, or had it forgotten.</summary>
    public void EndElsewhere(string number, string? silo, bool forget)
    {
        if (silo is { Length: > 0 } && Find(silo) is { } known)
            _ = EndQuietlyAsync(known, number, forget);
    }

    /// <summary>A silo that may have a request; null: it is gone, silent, or this one.</summary>
    public KnownSilo? Find(string name) =>
        door.Silos.Read(silo => silo).FirstOrDefault(silo => silo.Name == name && silo is { IsHere: false, IsSilent: false });

    /// <summary>Not to be kept any more.</summary>
    public void Drop(KeptRequest kept) => _here.TryRemove(new(kept.Head.Number, kept));

    /// <summary>Stores what is not yet, and lets go of what has ended and is.</summary>
    public async Task SweepAsync()
    {
        foreach (KeptRequest kept in _here.Values)
        {
            await kept.RefreshAsync().ConfigureAwait(false);
            if (!kept.IsDone && !kept.IsLost)
                continue;
            Drop(kept);
            if (!store.ThrowsAway && kept is { IsLost: false, Followed: null })
                _left[kept.Head.Number] = door.Clock.GetTimestamp();
        }

        foreach ((string number, long since) in _left)
        {
            if (door.Clock.GetElapsedTime(since) <= door.Options.DurableTime)
                continue;
            _left.TryRemove(number, out _);
            await ClearQuietlyAsync(number).ConfigureAwait(false);
        }
    }

    /// <summary>Storing or reading failed: said once, until it succeeds.</summary>
    public void NoteFailure(Exception failure)
    {
        if (!_hasFailed)
            ClusterLog.StoreFailed(door.Logger, ReasonOf(failure));
        _hasFailed = true;
    }

    /// <summary>The first words of what went wrong, as it was first told.</summary>
    public static string ReasonOf(Exception failure) =>
        failure.GetBaseException().Message is { Length: <= 200 } all ? all : failure.GetBaseException().Message[..200];

    /// <summary>Storing succeeded.</summary>
    public void NoteSuccess() => _hasFailed = false;

    /// <summary>Forgets what was stored of a request that was refused. If it cannot be, it is thrown away in time.</summary>
    public async Task ClearQuietlyAsync(string number)
    {
        try
        {
            await store.ClearAsync(number).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            NoteFailure(failure);
        }
    }

    private async Task<(KeptRecord Record, string Tag)?> ReadAsync(string number, string owner)
    {
        try
        {
            return await store.ReadAsync(number).ConfigureAwait(false) is { } found && found.Record.Owner == owner ? found : null;
        }
        catch (Exception failure)
        {
            NoteFailure(failure);
            throw Unreachable();
        }
    }

    private static KeptHead HeadOf(string number, KeptRecord record) =>
        new(number, record.Path, record.Body, record.Created, record.Owner, record.IsBackground);

    private static async Task EndQuietlyAsync(KnownSilo silo, string number, bool forget)
    {
        try
        {
            await silo.Replica.EndKeptAsync(number, forget).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It hangs or is gone.
        }
    }
}
