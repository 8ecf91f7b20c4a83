using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <content>What a stream of a durable request has beside: what came before, and that another door may have it.</content>
internal sealed partial class DoorStream
{
    private bool _isKnown;
    private int _passed;

    /// <summary>Passes on what is known of it already.</summary>
    /// <returns>Whether nothing is to be run for it here: it is complete, or another door has it.</returns>
    private bool Begin(KeptRequest kept)
    {
        PassKnown(kept);
        return kept.ResultOf(Prompt) is not null || kept.IsCancelled || kept.Followed is not null;
    }

    /// <summary>It was complete before.</summary>
    private bool EndKnown()
    {
        if (Kept!.ResultOf(Prompt) is { } result)
            Complete(result);
        else
            CancelledElsewhere(Kept);
        return true;
    }

    private void PassKnown(KeptRequest kept)
    {
        _isKnown = true;
        try
        {
            foreach (GenerationUpdate update in kept.Known(Prompt).Skip(_passed))
                Pass(update);
        }
        finally
        {
            _isKnown = false;
        }
    }

    /// <summary>What comes at the door that has it, or that nothing is to come.</summary>
    /// <returns>Whether it has ended.</returns>
    private async Task<bool> FollowAsync(KeptRequest kept)
    {
        if (_silo is { } own)
        {
            // It ran for this door until another one took it.
            _silo = null;
            End(own, _run);
            _record.ForgetRepeat();
        }

        RunNews news = await kept.FollowAsync(Prompt, _passed).ConfigureAwait(false);
        PassKnown(kept);
        List<GenerationUpdate> updates = RunJson.ReadUpdates(news.Updates);
        foreach (GenerationUpdate update in updates)
            Pass(update);
        switch (news.End)
        {
            case RunEnd.Done:
                Complete(RunJson.ReadResult(news.Result));
                return true;
            case RunEnd.Cancelled:
                CancelledElsewhere(kept);
                return true;
            case RunEnd.Moved:
                await GoOnAsync(again: false).ConfigureAwait(false);
                return false;
            case RunEnd.Failed:
                ClusterLog.Failed(_door.Logger, _use.Name, kept.Followed ?? "", news.Failure);
                await RunHereAsync().ConfigureAwait(false);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Its client has cancelled it, at another door: whoever reads it is told so.</summary>
    private void CancelledElsewhere(KeptRequest kept)
    {
        Handle.Used = Used();
        kept.Cancelled?.Invoke();
        Handle.CompleteCancelled();
    }

    /// <summary>
    /// Its reader has gone or wants no more. A response in the background has then been cancelled for good, unless it is this
    /// server that ends; a stream waits for its client to come again.
    /// </summary>
    private void Cancel()
    {
        bool isForGood = Kept is { Head.IsBackground: true } && !_door.IsKilled;
        if (isForGood && Kept is { Followed: not null } followed)
            followed.CancelElsewhere();
        Kept?.End(Prompt, null, cancelled: isForGood);
        Handle.CompleteCancelled();
    }

    private static ApiException Elsewhere() => new(new ApiError(409, ApiError.InvalidRequest,
        "The stream goes on at another server, where its client has come again.", "durable_elsewhere"));
}
