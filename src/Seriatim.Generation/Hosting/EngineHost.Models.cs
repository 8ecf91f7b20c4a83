namespace Seriatim.Generation;

/// <content>Models by name.</content>
public sealed partial class EngineHost
{
    private readonly SortedDictionary<string, HostEntry> _entries = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _opening = new(1, 1); // one after another, so that two do not wait for each other's room

    /// <summary>How all models are, by name.</summary>
    public IReadOnlyList<HostedModelStatus> Models
    {
        get
        {
            lock (_gate)
                return [.. _entries.Values.Select(entry => entry.Status)];
        }
    }

    /// <summary>Adds a model by name. It is opened when it is first asked for.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="open">
    /// Opens it; called again each time it is to be loaded. The token is cancelled when the host stops.
    /// </param>
    /// <param name="options">How to keep it; null: the defaults.</param>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    /// <exception cref="InvalidOptionException">An option has a value that is not allowed.</exception>
    /// <exception cref="HostMemoryException">It expects more memory than the host has.</exception>
    public void Add(string name, Func<CancellationToken, Task<HostedModel>> open, HostedModelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(open);
        options ??= new HostedModelOptions();
        options.Check();
        if (options.ExpectedBytes is { } expected && expected > MemoryBytes)
            throw TooLarge(name, expected);
        lock (_gate)
        {
            RequireGivingOut($"The model {name}");
            if (!_entries.TryAdd(name, new HostEntry(name, open, options)))
                throw new ArgumentException($"The host has a model {name} already.", nameof(name));
        }
    }

    /// <summary>
    /// The right to use a model: opens it if it is not open, and waits for room if others that are in use hold it. Dispose it
    /// after use.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Ends the waiting; the opening goes on for others, and for later.</param>
    /// <exception cref="UnknownModelException">There is none of that name.</exception>
    /// <exception cref="HostMemoryException">It can never fit, or others held the room too long.</exception>
    /// <exception cref="HostStoppedException">The host gives out nothing more.</exception>
    public async Task<ModelLease> RentAsync(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        HostEntry entry;
        lock (_gate)
        {
            RequireGivingOut($"The model {name}");
            entry = Find(name);
            entry.Waiting++;
        }

        try
        {
            while (true)
            {
                Task transition;
                lock (_gate)
                {
                    RequireGivingOut($"The model {name}");
                    if (entry is { State: HostedModelState.Ready, Engine.Completion.IsCompleted: true })
                        BeginClosing(entry, "its engine has stopped");
                    if (entry.State == HostedModelState.Ready)
                        return Lease(entry);
                    if (entry.State == HostedModelState.Unloaded)
                        BeginOpening(entry);
                    transition = entry.Transition;
                }

                await transition.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            lock (_gate)
            {
                entry.Waiting--;
                WatchIdle(entry);
            }

            Signal();
        }
    }

    /// <summary>
    /// Unloads a model once its leases are back and its requests have ended; who asks for it meanwhile gets it opened anew.
    /// Nothing happens if it is not loaded.
    /// </summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Ends the waiting, not the unloading.</param>
    /// <exception cref="UnknownModelException">There is none of that name.</exception>
    public async Task UnloadAsync(string name, CancellationToken cancellationToken = default)
    {
        Task transition;
        bool wasOpening;
        lock (_gate)
        {
            HostEntry entry = Find(name);
            wasOpening = entry.State == HostedModelState.Opening;
            if (entry.State == HostedModelState.Ready)
                BeginClosing(entry, "asked for");
            transition = entry.Transition;
        }

        await Ended(transition).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (wasOpening)
            await UnloadAsync(name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says how long a model stays open after its last use, from now on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="time">The time; null: as it was added.</param>
    internal void SetKeepAlive(string name, TimeSpan? time)
    {
        lock (_gate)
        {
            HostEntry entry = Find(name);
            entry.KeepAlive = time;
            WatchIdle(entry);
        }
    }

    /// <summary>When a model will be unloaded if nobody asks for it; null: it is in use, not open, or stays.</summary>
    internal DateTimeOffset? UnloadsAt(string name)
    {
        lock (_gate)
        {
            HostEntry entry = Find(name);
            TimeSpan keep = entry.KeepAlive ?? entry.Options.KeepAlive ?? _options.KeepAlive;
            return entry.IsIdle && keep != Timeout.InfiniteTimeSpan
                ? Clock.GetUtcNow() + keep - Clock.GetElapsedTime(entry.LastUsed) : null;
        }
    }

    internal void Return(HostEntry entry)
    {
        lock (_gate)
        {
            entry.Leases--;
            entry.LastUsed = Clock.GetTimestamp();
            WatchIdle(entry);
        }

        Signal();
    }

    private HostEntry Find(string name) => _entries.TryGetValue(name, out HostEntry? entry)
        ? entry
        : throw new UnknownModelException(name, _entries.Keys);

    private ModelLease Lease(HostEntry entry)
    {
        entry.Leases++;
        entry.LastUsed = Clock.GetTimestamp();
        return new ModelLease(this, entry, entry.Model!, entry.Engine!);
    }

    /// <summary>Lets the time of a model run that nobody uses now.</summary>
    private void WatchIdle(HostEntry entry)
    {
        TimeSpan keep = entry.KeepAlive ?? entry.Options.KeepAlive ?? _options.KeepAlive;
        if (!entry.IsIdle || keep == Timeout.InfiniteTimeSpan || _stopping.IsCancellationRequested)
            return;
        if (keep == TimeSpan.Zero)
        {
            BeginClosing(entry, "its time was over");
            return;
        }

        entry.Timer ??= Clock.CreateTimer(_ => EndIdle(entry), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        entry.Timer.Change(keep, Timeout.InfiniteTimeSpan);
    }

    private void EndIdle(HostEntry entry)
    {
        lock (_gate)
        {
            TimeSpan keep = entry.KeepAlive ?? entry.Options.KeepAlive ?? _options.KeepAlive;
            if (!entry.IsIdle || keep == Timeout.InfiniteTimeSpan || _stopping.IsCancellationRequested)
                return;
            TimeSpan left = keep - Clock.GetElapsedTime(entry.LastUsed);
            if (left > TimeSpan.Zero)
                entry.Timer!.Change(left, Timeout.InfiniteTimeSpan); // it was used since
            else
                BeginClosing(entry, "its time was over");
        }
    }

    private void BeginOpening(HostEntry entry)
    {
        entry.State = HostedModelState.Opening;
        entry.Transition = Task.Run(() => OpenAsync(entry));

        // Who waits sees it; if nobody does any more, nobody need.
        _ = entry.Transition.ContinueWith(static task => task.Exception, TaskContinuationOptions.OnlyOnFaulted);
    }

    private void BeginClosing(HostEntry entry, string why)
    {
        entry.State = HostedModelState.Closing;
        entry.Timer?.Dispose();
        entry.Timer = null;
        entry.Transition = Task.Run(() => CloseAsync(entry, why));
    }

    private async Task OpenAsync(HostEntry entry)
    {
        Tell(entry);
        HostedModel? model = null;
        GenerationEngine? engine = null;
        bool isMine = false;
        try
        {
            await _opening.WaitAsync(_stopping.Token).ConfigureAwait(false);
            isMine = true;
            long begin = Clock.GetTimestamp();
            await TakeAsync(entry, entry.Options.ExpectedBytes ?? 0).ConfigureAwait(false);
            model = await entry.Open(_stopping.Token).ConfigureAwait(false);
            long pools = EngineMemory.Of(model.Model, model.Options);
            await TakeAsync(entry, checked(model.WeightBytes + pools)).ConfigureAwait(false);
            engine = Start(model.Model, model.Options);
            lock (_gate)
            {
                (entry.Model, entry.Engine, entry.OpenFault) = (model, engine, null);
                (entry.State, entry.LastUsed) = (HostedModelState.Ready, Clock.GetTimestamp());
                if (_stopping.IsCancellationRequested)
                    BeginClosing(entry, "the host was stopped");
                else
                    WatchIdle(entry); // those who asked may have gone
            }

            // An engine that somebody else ends is told; the next one who asks gets another.
            _ = engine.Completion.ContinueWith(_ => TellEnd(entry, engine), TaskScheduler.Default);
            EngineEvents.Opened(_logger, entry.Name, Clock.GetElapsedTime(begin).TotalSeconds, model.WeightBytes, pools);
        }
        catch (Exception exception)
        {
            await FailOpeningAsync(entry, model, engine, exception).ConfigureAwait(false);
            throw;
        }
        finally
        {
            if (isMine)
                _opening.Release();
            Tell(entry);
        }
    }

    private async Task FailOpeningAsync(HostEntry entry, HostedModel? model, GenerationEngine? engine, Exception exception)
    {
        EngineEvents.OpeningFailed(_logger, entry.Name, exception);
        if (engine is not null)
            await engine.DisposeAsync().ConfigureAwait(false);
        if (model is not null)
            await CloseAsync(entry.Name, model).ConfigureAwait(false);
        lock (_gate)
        {
            if (engine is not null)
                _engines.Remove(engine);
            _used -= entry.Bytes;
            (entry.Bytes, entry.State, entry.OpenFault) = (0, HostedModelState.Unloaded, exception);
        }

        Signal();
    }

    /// <summary>
    /// Waits for the leases and the requests, unless the host stops; then disposes the engine first: when its thread has gone,
    /// nobody reads the weights any more.
    /// </summary>
    private async Task CloseAsync(HostEntry entry, string why)
    {
        Tell(entry);
        await Ended(UntilUnusedAsync(entry)).ConfigureAwait(false);
        await Ended(entry.Engine!.DisposeAsync().AsTask()).ConfigureAwait(false);
        await CloseAsync(entry.Name, entry.Model!).ConfigureAwait(false);
        long bytes;
        lock (_gate)
        {
            _engines.Remove(entry.Engine);
            bytes = entry.Bytes;
            _used -= bytes;
            (entry.Engine, entry.Model, entry.Bytes, entry.State) = (null, null, 0, HostedModelState.Unloaded);
        }

        EngineEvents.Unloaded(_logger, entry.Name, why, bytes);
        Signal();
        Tell(entry);
    }

    /// <summary>Gives back what a model holds; that it throws must not keep its name for ever.</summary>
    private async Task CloseAsync(string name, HostedModel model)
    {
        try
        {
            await model.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            EngineEvents.ClosingFailed(_logger, name, exception);
        }
    }

    private async Task UntilUnusedAsync(HostEntry entry)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
                if (entry.Leases == 0)
                    break;
            }

            await changed.WaitAsync(_stopping.Token).ConfigureAwait(false);
        }

        while (IsBusy(entry.Engine!))
            await Task.Delay(LookTime, Clock, _stopping.Token).ConfigureAwait(false);
    }

    private void TellEnd(HostEntry entry, GenerationEngine engine)
    {
        bool isUnexpected;
        lock (_gate)
            isUnexpected = entry.State == HostedModelState.Ready && entry.Engine == engine;
        if (isUnexpected)
            Tell(entry);
    }

    private void Tell(HostEntry entry)
    {
        if (Changed is not { } changed)
            return;
        HostedModelStatus status;
        lock (_gate)
            status = entry.Status;
        try
        {
            changed(status);
        }
        catch (Exception exception)
        {
            EngineEvents.WatcherFailed(_logger, exception);
        }
    }
}
