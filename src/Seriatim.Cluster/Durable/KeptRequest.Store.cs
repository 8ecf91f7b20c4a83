using Seriatim.Server;

namespace Seriatim.Cluster;

/// <content>How it is stored, and taken from another door or taken up where that is gone.</content>
internal sealed partial class KeptRequest
{
    /// <summary>Stores what there is.</summary>
    /// <param name="isAll">Whether it must be stored when this returns.</param>
    /// <returns>What went wrong; null: nothing.</returns>
    private async Task<Exception?> StoreAsync(bool isAll = false)
    {
        // One at a time; what is not stored then is stored when more has come, and of what has ended by the sweep.
        if (!IsKept || (!isAll && _storing.CurrentCount == 0))
            return null;
        await _storing.WaitAsync().ConfigureAwait(false);
        try
        {
            KeptRecord record;
            lock (_gate)
            {
                record = _record = _record with { Prompts = [.. _prompts.Select(one => one.Stored())] };
                (_unsaved, _isDirty) = (0, false);
            }

            await WriteAsync(record).ConfigureAwait(false);
            _all.NoteSuccess();
            Volatile.Write(ref _written, _all.Door.Clock.GetTimestamp());
            return null;
        }
        catch (KeptTakenException taken)
        {
            if (Head.IsBackground)
                Followed = "";
            else
                Lose();
            return taken;
        }
        catch (Exception failure)
        {
            lock (_gate)
                _isDirty = true;
            _all.NoteFailure(failure);
            return failure;
        }
        finally
        {
            _storing.Release();
        }
    }

    /// <summary>
    /// Writes the record. That the store has another tag, or none, does not tell yet that another door has the request: a write
    /// that was given up may have come there late, and a store may have lost what it had.
    /// </summary>
    /// <exception cref="KeptTakenException">Another door has it, or it was forgotten here.</exception>
    private async Task WriteAsync(KeptRecord record)
    {
        try
        {
            _tag = await _all.Store.WriteAsync(Head.Number, record, _tag).ConfigureAwait(false);
        }
        catch (KeptTakenException)
        {
            (KeptRecord Record, string Tag)? found = await _all.Store.ReadAsync(Head.Number).ConfigureAwait(false);
            if (!IsKept || (found is { } there && there.Record.Door != record.Door))
                throw;
            _tag = await _all.Store.WriteAsync(Head.Number, record, found?.Tag).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Takes it from whoever has it, as its client has come here: with all that is stored by now. Who had it learns it here at
    /// once, and elsewhere when it stores.
    /// </summary>
    private async Task TakeAsync(ModelUse use)
    {
        for (int tries = KeptRequests.Tries; ; tries--)
        {
            if (_record.Fingerprint.Length > 0 && _record.Fingerprint != use.Fingerprint)
            {
                throw new ApiException(new ApiError(409, ApiError.InvalidRequest, $"The request was begun with {use.Name} "
                    + $"{_record.Fingerprint}, and this server has {use.Fingerprint}: it would go on with other tokens. Ask "
                    + "another server, or send it anew.", "durable_other_model", "model"));
            }

            _record = _record with { Fingerprint = use.Fingerprint };
            if (!_takes)
                return;
            try
            {
                _tag = await _all.Store.WriteAsync(Head.Number, _record, _tag).ConfigureAwait(false);
                _takes = false;
                return;
            }
            catch (KeptTakenException) when (tries > 1)
            {
                // It has just stored what came: once more, with that.
                await ReadAgainAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not ApiException)
            {
                _all.NoteFailure(failure);
                throw KeptRequests.Unreachable();
            }
        }
    }

    private async Task ReadAgainAsync()
    {
        if (await _all.Store.ReadAsync(Head.Number).ConfigureAwait(false) is not { } found)
            throw DurableCalls.NotFound();
        lock (_gate)
        {
            Take(found.Record);
            _tag = found.Tag;
        }
    }

    /// <summary>Takes what is stored where it is more than what is known; this door has it from now on.</summary>
    private void Take(KeptRecord found)
    {
        foreach ((int i, KeptPrompt stored) in found.Prompts.Index())
        {
            if (i < _prompts.Count)
                _prompts[i].Take(stored);
            else
                _prompts.Add(new Prompt(stored));
        }

        _record = found with { Door = _all.Door.Own.Name };
    }

    /// <summary>It could not be stored at all: a promise that cannot be kept is not made.</summary>
    private void Refuse(Exception failure)
    {
        _all.Drop(this);
        IsKept = false;

        // A write that was given up may come there all the same.
        if (failure is not KeptTakenException)
            _ = _all.ClearQuietlyAsync(Head.Number);
        ClusterLog.NotKept(_all.Door.Logger,
            Head.IsBackground ? "It runs all the same, and ends with this server" : "It is refused",
            KeptRequests.ReasonOf(failure));
        if (!Head.IsBackground)
            throw KeptRequests.Unreachable();
    }

    private async Task<RunNews> TakeOverAsync(int prompt, int from)
    {
        try
        {
            if (await _all.Store.ReadAsync(Head.Number).ConfigureAwait(false) is not { } found)
                return new RunNews { End = RunEnd.Cancelled }; // It was forgotten.
            lock (_gate)
                Take(found.Record);
            _tag = found.Tag;
            if (found.Record.IsOver || found.Record.Door == _all.Door.Own.Name || _all.Find(found.Record.Door) is null)
            {
                if (!found.Record.IsOver)
                    _tag = await _all.Store.WriteAsync(Head.Number, _record, _tag).ConfigureAwait(false);
                Followed = null;
            }
            else if (Followed != found.Record.Door)
                Followed = found.Record.Door;
            else
            {
                // It answers, and does not know of it: it failed there, or was just begun again.
                _tag = await _all.Store.WriteAsync(Head.Number, _record, _tag).ConfigureAwait(false);
                Followed = null;
            }
        }
        catch (KeptTakenException)
        {
            // Another one was quicker, and is followed at the next look.
            Followed = "";
            return new RunNews();
        }
        catch (Exception failure)
        {
            // Nothing can be stored, and the door that had it is gone: it goes on from what is known here.
            _all.NoteFailure(failure);
            Followed = null;
        }

        // What was stored is known now, and passed on as that.
        RunNews news = (News(prompt, from, int.MaxValue) ?? new RunNews()) with { Updates = [] };
        return Followed is not null || news.End != RunEnd.None ? news : news with { End = RunEnd.Moved };
    }
}
