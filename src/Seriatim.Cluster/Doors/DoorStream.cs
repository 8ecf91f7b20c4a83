using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>
/// One request of a door: has it run somewhere, passes on what comes, and has it go on elsewhere when nothing comes any more. Who
/// reads its handle sees one stream, as if there were one engine.
/// </summary>
internal sealed partial class DoorStream
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LookTime = TimeSpan.FromMilliseconds(250);

    private readonly Door _door;
    private readonly ModelUse _use;
    private readonly StreamRecord _record;
    private readonly GenerationRequest _request;
    private readonly string _fingerprint;
    private readonly IReadOnlyList<ulong> _pages;
    private readonly HashSet<KnownSilo> _banned = [];
    private readonly SemaphoreSlim _woken = new(0);
    private readonly CancellationToken _token;
    private readonly long _begun;
    private KnownSilo? _silo;
    private GenerationHandle? _direct;
    private Guid _run;
    private long _lastNew;
    private bool _isStill;

    /// <param name="door">The door.</param>
    /// <param name="use">The model, open here for as long as the handle is not disposed of.</param>
    /// <param name="state">The request, checked and decided.</param>
    /// <param name="number">Its number at this door.</param>
    /// <param name="token">Cancels it.</param>
    public DoorStream(Door door, ModelUse use, RequestState state, long number, CancellationToken token)
    {
        (_door, _use, _request, _token) = (door, use, state.Request, token);
        (_record, _fingerprint, _pages) = (new StreamRecord(state), use.Fingerprint, use.Engine.PagesOf(state));
        _begun = _lastNew = door.Clock.GetTimestamp();
        Handle = new GenerationHandle(number, state.Seed, Wake, token) { MaxUnread = use.Engine.Options.MaxUnreadUpdates };
    }

    /// <summary>What the server reads.</summary>
    public GenerationHandle Handle { get; }

    /// <summary>What is kept of the request it belongs to; null: it ends with this door.</summary>
    public KeptRequest? Kept { get; init; }

    /// <summary>Which prompt of that request it is.</summary>
    public int Prompt { get; init; }

    private TimeSpan Elapsed => _door.Clock.GetElapsedTime(_begun);

    /// <summary>Begins it somewhere.</summary>
    /// <exception cref="GenerationException">No silo takes it: as this silo's own engine says.</exception>
    public async Task BeginAsync()
    {
        if (Kept is { } kept && Begin(kept))
        {
            Begun();
            return;
        }

        if (!await TryStartAsync(again: false).ConfigureAwait(false))
        {
            try
            {
                _direct = _use.Engine.Submit(_record.Next(Elapsed));
            }
            catch (EngineOverloadedException)
            {
                _door.Counts.Full();
                throw;
            }
        }

        Begun();
    }

    private void Begun()
    {
        Handle.Register();
        _door.Counts.Begin();
        _ = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>The reader has taken something, or cancelled.</summary>
    private void Wake()
    {
        _woken.Release();
        if (!Handle.IsCancelled)
            return;
        _direct?.Cancel();
        if (_silo is { } silo)
            End(silo, _run);
    }

    private async Task RunAsync()
    {
        try
        {
            while (!await StepAsync().ConfigureAwait(false))
            {
            }
        }
        catch (Exception failure)
        {
            Handle.Used = Used();
            if (Handle.IsCancelled && failure is OperationCanceledException)
                Cancel();
            else
            {
                Kept?.End(Prompt, null, failure: failure.Message);
                Handle.Fail(failure);
            }
        }
        finally
        {
            _door.Counts.End();
            if (!Handle.Outcome.IsCompletedSuccessfully)
            {
                _direct?.Cancel();
                if (_silo is { } silo)
                    End(silo, _run);
            }
        }
    }

    /// <summary>One answer of wherever it runs.</summary>
    /// <returns>Whether it has ended.</returns>
    private async Task<bool> StepAsync()
    {
        if (Handle.IsCancelled)
        {
            Handle.Used = Used();
            Cancel();
            return true;
        }

        if (Kept is { IsLost: true })
            throw Elsewhere();
        if (_direct is { } direct)
        {
            await FollowAsync(direct).ConfigureAwait(false);
            return true;
        }

        if (Handle.IsPaused)
        {
            // Nobody takes what there is: it is set aside where it runs, as nobody fetches it there.
            await _woken.WaitAsync(LookTime).ConfigureAwait(false);
            return false;
        }

        if (Kept is { Followed: not null } kept)
            return await FollowAsync(kept).ConfigureAwait(false);
        if (_silo is null)
            return EndKnown();
        KnownSilo silo = _silo!;
        if (await NewsAsync(silo).ConfigureAwait(false) is not { } news)
        {
            await GoOnAsync(again: false).ConfigureAwait(false);
            return false;
        }

        try
        {
            foreach (GenerationUpdate update in RunJson.ReadUpdates(news.Updates))
                Pass(update);
        }
        catch (StreamDifferentException failure)
        {
            _door.Counts.Different();
            ClusterLog.Different(_door.Logger, _use.Name, silo.Name, failure.Message);
            if (silo.IsHere)
                throw;
            _banned.Add(silo);
            End(silo, _run);
            await GoOnAsync(again: true).ConfigureAwait(false);
            return false;
        }

        return await EndAsync(silo, news).ConfigureAwait(false);
    }

    private async Task<bool> EndAsync(KnownSilo silo, RunNews news)
    {
        switch (news.End)
        {
            case RunEnd.Done:
                Complete(RunJson.ReadResult(news.Result));
                return true;
            case RunEnd.Moved:
                _door.Counts.Move();
                _record.Take(RequestState.FromBytes(news.State, new RequestStateSources { Tokenizer = _request.Tokenizer }));
                _door.Silos.Drain(silo);
                await GoOnAsync(again: false).ConfigureAwait(false);
                return false;
            case RunEnd.Gone:
                await GoOnAsync(again: false).ConfigureAwait(false);
                return false;
            case RunEnd.Failed when !Handle.IsCancelled:
                // An error is never believed from afar: where it is the request's own, it comes again here, with its own type.
                ClusterLog.Failed(_door.Logger, _use.Name, silo.Name, news.Failure);
                await RunHereAsync().ConfigureAwait(false);
                return false;
            default:
                return false;
        }
    }

    /// <summary>What the silo has to tell; null: nothing comes from there any more.</summary>
    private async Task<RunNews?> NewsAsync(KnownSilo silo)
    {
        try
        {
            Task<RunNews> reading = silo.Replica.ReadAsync(_run);
            RunNews news = await Within(silo, reading).ConfigureAwait(false);
            _door.Silos.Take(silo, news.Load);
            return news;
        }
        catch (Exception failure)
        {
            _door.NoteSilent(silo, failure);
            End(silo, _run);
            return null;
        }
    }

    /// <summary>Passes an update on, unless the client has it.</summary>
    private void Pass(in GenerationUpdate update)
    {
        // A run that was cancelled tells its end as any other does. It is no part of the answer: the next run would not have it.
        if (update.Finish == FinishReason.Cancelled || !_record.Take(update))
            return;
        if (_isStill)
            _door.Counts.Still(_door.Clock.GetElapsedTime(_lastNew));
        _isStill = false;
        _lastNew = _door.Clock.GetTimestamp();
        if (_record.Tokens == 1 && update.TokenId is not null)
            _request.Watch?.Invoke(new RequestMoment(RequestMomentKind.FirstToken, 0));
        if (!_isKnown)
            Kept?.Note(Prompt, update);
        _passed++;
        Handle.Write(update);
    }

    private void Complete(GenerationResult result)
    {
        Kept?.End(Prompt, result);
        Handle.Used = result.Usage;
        Handle.Complete(result);
    }

    /// <summary>Has it go on elsewhere, as soon as somebody takes it.</summary>
    private async Task GoOnAsync(bool again)
    {
        _silo = null;
        _isStill = true;
        while (!Handle.IsCancelled && !await TryStartAsync(again).ConfigureAwait(false))
            await Task.Delay(RetryTime).ConfigureAwait(false);
        if (_silo is not { } silo)
            return;
        _door.Counts.Resume(_record.Repeats);
        ClusterLog.Resumed(_door.Logger, _use.Name, silo.Name, _record.Tokens,
            _record.Repeats ? "run again, what was sent is compared and left out" : "from its tokens");
    }

    /// <summary>Has it run once more in this silo's own engine, as soon as that has room.</summary>
    private async Task RunHereAsync()
    {
        _silo = null;
        _isStill = true;
        while (!Handle.IsCancelled)
        {
            try
            {
                _direct = _use.Engine.Submit(_record.Next(Elapsed, again: true));
                return;
            }
            catch (EngineOverloadedException)
            {
                await Task.Delay(RetryTime).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Asks the silos in the order of the router.</summary>
    private async Task<bool> TryStartAsync(bool again)
    {
        byte[] state = _record.Next(Elapsed, again).ToBytes();
        var asked = new HashSet<KnownSilo>(_banned);
        while (_door.Silos.Best(_use.Name, _fingerprint, _pages, _request.Priority > 0, asked) is { } silo)
        {
            asked.Add(silo);
            var order = new RunOrder
            {
                Model = _use.Name,
                Fingerprint = _fingerprint,
                State = state,
                Door = _door.Own.Name,
                Run = Guid.NewGuid(),
            };
            if (!await TryStartAsync(silo, order).ConfigureAwait(false))
                continue;
            (_silo, _run) = (silo, order.Run);
            _door.Counts.Start(silo.IsHere);
            return true;
        }

        return false;
    }

    private async Task<bool> TryStartAsync(KnownSilo silo, RunOrder order)
    {
        RunReceipt receipt;
        try
        {
            _door.Silos.Send(silo, order.Model);
            receipt = await Within(silo, silo.Replica.StartAsync(order)).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            _door.NoteSilent(silo, failure);
            End(silo, order.Run);
            return false;
        }

        _door.Silos.Take(silo, receipt.Load);
        if (receipt.Answer == RunAnswer.Started)
            return true;
        if (receipt.Answer == RunAnswer.Draining)
            _door.Silos.Drain(silo);
        if (receipt is { Answer: RunAnswer.OtherModel, Load.Fingerprint: { } other })
            _door.NoteOther(silo, order.Model, order.Fingerprint, other);
        else
            ClusterLog.TurnedDown(_door.Logger, silo.Name, order.Model, receipt.Detail);
        return false;
    }

    /// <summary>Runs it in this silo's engine without anything between.</summary>
    private async Task FollowAsync(GenerationHandle direct)
    {
        try
        {
            await foreach (GenerationUpdate update in direct.ConfigureAwait(false))
            {
                Pass(update);
                if (Kept is { IsLost: true })
                    throw Elsewhere();
                while (Handle is { IsPaused: true, IsCancelled: false })
                    await _woken.WaitAsync(LookTime).ConfigureAwait(false);
            }
        }
        catch (StreamDifferentException failure)
        {
            _door.Counts.Different();
            ClusterLog.Different(_door.Logger, _use.Name, _door.Own.Name, failure.Message);
            throw;
        }

        Complete(await direct.Outcome.ConfigureAwait(false));
    }

    /// <summary>An answer, in the time that a silo may say nothing; this one is as alive as the door.</summary>
    private Task<T> Within<T>(KnownSilo silo, Task<T> answer) =>
        silo.IsHere ? answer : answer.WaitAsync(_door.Options.Silence);

    /// <summary>
    /// Tells a silo that a run is of no more use. Whether it hears it is not waited for: runs that nobody asks for end.
    /// </summary>
    private static void End(KnownSilo silo, Guid run) => _ = EndQuietlyAsync(silo, run);

    private static async Task EndQuietlyAsync(KnownSilo silo, Guid run)
    {
        try
        {
            await silo.Replica.EndAsync(run).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It hangs or is gone.
        }
    }

    private GenerationUsage Used() => new()
    {
        PromptTokens = _request.Prompt.Length + _request.EncoderInput.Length,
        NewTokens = _record.Tokens,
        ForwardRows = 0,
    };
}
