using Microsoft.Extensions.Logging;
using Seriatim.Generation;
using Seriatim.Server;

namespace Seriatim.Cluster;

/// <summary>
/// A durable request at a door: what came out of it, stored from time to time, or followed at another door which has it. Storing
/// less than everything costs computing again and nothing else, so it is stored when a quarter more has come, which keeps the
/// work of storing in proportion.
/// </summary>
internal sealed partial class KeptRequest : IKeptRequest
{
    /// <summary>Updates that are always worth storing.</summary>
    private const int Least = 64;

    private readonly KeptRequests _all;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _storing = new(1, 1);
    private readonly List<Prompt> _prompts = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private KeptRecord _record;
    private string? _tag;
    private long _written;
    private int _unsaved;
    private bool _isDirty;

    /// <summary>Whether another door may have it, and this one is to go on in its place.</summary>
    private bool _takes;

    /// <param name="all">The door's.</param>
    /// <param name="head">What was asked.</param>
    /// <param name="record">What is stored of it; null: nothing yet.</param>
    /// <param name="tag">Tag of what is stored.</param>
    /// <param name="takes">Whether to go on in place of the door that has it; otherwise that one is followed.</param>
    public KeptRequest(
        KeptRequests all, KeptHead head, KeptRecord? record = null, string? tag = null, bool takes = false)
    {
        (_all, Head, _tag, _takes, IsNew) = (all, head, tag, takes, record is null);
        _record = record ?? new KeptRecord
        {
            Path = head.Path,
            Body = head.Body,
            Created = head.Created,
            Owner = head.Owner,
            IsBackground = head.IsBackground,
            Door = all.Door.Own.Name,
        };
        foreach (KeptPrompt prompt in _record.Prompts)
            _prompts.Add(new Prompt(prompt));
        if (!takes && record is { IsOver: false } && record.Door != all.Door.Own.Name)
            Followed = record.Door;
        _written = all.Door.Clock.GetTimestamp();
    }

    public KeptHead Head { get; }

    public bool IsKept { get; private set; } = true;

    public bool IsOver => _record.IsOver;

    /// <summary>Whether nothing of it was stored before it came here.</summary>
    public bool IsNew { get; }

    public Action? Cancelled { get; set; }

    /// <summary>Name of the silo whose door has it, where that is not this one.</summary>
    public string? Followed { get; private set; }

    /// <summary>Whether another door has taken it, which this one is to tell its client.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether its client has cancelled it.</summary>
    public bool IsCancelled => _record.IsCancelled;

    /// <summary>Whether all that came is stored, and no more comes.</summary>
    public bool IsDone
    {
        get
        {
            lock (_gate)
                return HasEnded && (Followed is not null || (!_isDirty && _storing.CurrentCount > 0));
        }
    }

    private bool HasEnded => _record.IsCancelled || (_prompts.Count > 0 && _prompts.TrueForAll(one => one.IsOver));

    private TimeSpan Unwritten => _all.Door.Clock.GetElapsedTime(Volatile.Read(ref _written));

    /// <summary>What it goes on from: the request as it was decided first, stored before anything of it is answered.</summary>
    /// <param name="use">The model.</param>
    /// <param name="prompt">Which of its prompts.</param>
    /// <param name="request">The request, as it is asked now.</param>
    /// <exception cref="ApiException">It cannot be stored, or was begun with another model.</exception>
    public async Task<RequestState> OpenAsync(ModelUse use, int prompt, GenerationRequest request)
    {
        RequestState state = use.Engine.Decide(request);

        // What is complete needs no model, and nobody who has it.
        bool isOver;
        lock (_gate)
            isOver = prompt < _prompts.Count && _prompts[prompt].Result is not null;
        if (!isOver)
            await TakeAsync(use).ConfigureAwait(false);
        byte[]? known;
        lock (_gate)
        {
            known = prompt < _prompts.Count ? _prompts[prompt].State : null;
            if (known is null)
                _prompts.Add(new Prompt(new KeptPrompt { State = state.ToBytes() }));
            _isDirty |= known is null;
        }

        if (!isOver)
            _all.Register(this);
        else if (_record.Fingerprint != use.Fingerprint)
            return state; // It is not run, and what is told of it is stored.
        if (known is not null)
            return RequestState.FromBytes(known, new RequestStateSources { Tokenizer = use.Opened.Tokenizer });
        if (IsKept && await StoreAsync(isAll: true).ConfigureAwait(false) is { } failure)
            Refuse(failure);
        return state;
    }

    /// <summary>
    /// It is not begun here after all, or nobody follows it here: it is for whoever comes next, and nothing of it if it is new.
    /// </summary>
    public void Abandon()
    {
        bool isStored = IsKept && IsNew && _tag is not null;
        IsKept = false;
        _all.Drop(this);
        if (isStored)
            _ = _all.ClearQuietlyAsync(Head.Number);
    }

    /// <summary>What has come out of a prompt so far.</summary>
    public IReadOnlyList<GenerationUpdate> Known(int prompt)
    {
        lock (_gate)
            return [.. _prompts[prompt].Updates];
    }

    /// <summary>The result of a prompt; null: there is none yet.</summary>
    public GenerationResult? ResultOf(int prompt)
    {
        lock (_gate)
            return _prompts[prompt].Result;
    }

    /// <summary>An update has gone to the client.</summary>
    public void Note(int prompt, in GenerationUpdate update)
    {
        bool isDue;
        lock (_gate)
        {
            _prompts[prompt].Updates.Add(update);
            _isDirty = true;
            int all = _prompts.Sum(one => one.Updates.Count);
            isDue = ++_unsaved >= Math.Max(Least, all / 4) && Followed is null;
            Tell();
        }

        if (isDue)
            _ = StoreAsync();
    }

    /// <summary>A prompt has ended.</summary>
    /// <param name="prompt">Which.</param>
    /// <param name="result">Its result; null: it has none, and goes on from where it is when it is asked for again.</param>
    /// <param name="cancelled">Whether its client has cancelled it for good.</param>
    /// <param name="failure">Why it failed.</param>
    public void End(int prompt, GenerationResult? result, bool cancelled = false, string? failure = null)
    {
        lock (_gate)
        {
            Prompt one = _prompts[prompt];
            if (one.Result is not null)
                return; // It was complete before.
            (one.Result, one.Failure) = (result, failure);
            if (cancelled)
                _record = _record with { IsCancelled = true };
            one.IsOver = true;
            _isDirty = true;
            Tell();
        }

        if (Followed is null)
            _ = StoreAsync();
    }

    /// <summary>What comes behind the first updates of a prompt, for one who follows; waits for a heartbeat at most.</summary>
    public async Task<RunNews> ReadAsync(int prompt, int from, TimeSpan heartbeat, int most)
    {
        Task more;
        lock (_gate)
            more = _more.Task;
        if (News(prompt, from, most) is { } at)
            return at;
        await Task.WhenAny(more, Task.Delay(heartbeat)).ConfigureAwait(false);
        return News(prompt, from, most) ?? new RunNews();
    }

    /// <summary>Tells the door that has it that its client has cancelled it.</summary>
    public void CancelElsewhere() => _all.EndElsewhere(Head.Number, Followed, forget: false);

    /// <summary>
    /// What comes at the door that has it; where that is gone, this one takes it, and tells that it has moved here.
    /// </summary>
    public async Task<RunNews> FollowAsync(int prompt, int from)
    {
        if (Followed is { } door && _all.Find(door) is { } silo)
        {
            try
            {
                RunNews news = await silo.Replica.ReadKeptAsync(Head.Number, prompt, from)
                    .WaitAsync(_all.Door.Options.Silence).ConfigureAwait(false);
                if (news.End != RunEnd.Gone)
                    return news;
            }
            catch (Exception failure)
            {
                _all.Door.NoteSilent(silo, failure);
            }
        }

        return await TakeOverAsync(prompt, from).ConfigureAwait(false);
    }

    /// <summary>Another door, or a later request at this one, has it.</summary>
    public void Lose() => (IsLost, IsKept) = (true, false);

    /// <summary>Stores what is not, and what would be thrown away soon although it still runs.</summary>
    public async Task RefreshAsync()
    {
        bool isDue;
        lock (_gate)
        {
            isDue = _prompts.Count > 0 && ((HasEnded && _isDirty) || Unwritten > _all.Door.Options.DurableTime / 3);
        }

        if (isDue && Followed is null)
            await StoreAsync().ConfigureAwait(false);
    }

    private RunNews? News(int prompt, int from, int most)
    {
        lock (_gate)
        {
            if (prompt >= _prompts.Count)
                return null;
            Prompt one = _prompts[prompt];
            List<GenerationUpdate> updates = [.. one.Updates.Skip(from).Take(most)];
            var news = new RunNews { Updates = RunJson.Write(updates) };
            if (from + updates.Count < one.Updates.Count)
                return news;
            if (one.Result is { } result)
                return news with { End = RunEnd.Done, Result = RunJson.Write(result) };
            if (_record.IsCancelled)
                return news with { End = RunEnd.Cancelled };
            if (one.Failure is { } failure)
                return news with { End = RunEnd.Failed, Failure = failure };
            return updates.Count > 0 ? news : null;
        }
    }

    private void Tell()
    {
        _more.TrySetResult();
        _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class Prompt
    {
        private byte[]? _bytes;
        private int _count = -1;

        public Prompt(KeptPrompt stored)
        {
            State = stored.State;
            Take(stored);
        }

        public byte[] State { get; }

        public List<GenerationUpdate> Updates { get; } = [];

        public GenerationResult? Result { get; set; }

        public string? Failure { get; set; }

        public bool IsOver { get; set; }

        /// <summary>Takes what is stored where it is more than what is known.</summary>
        public void Take(KeptPrompt stored)
        {
            List<GenerationUpdate> updates = RunJson.ReadUpdates(stored.Updates);
            Updates.AddRange(updates.Skip(Updates.Count));
            if (stored.Result.Length > 0)
                (Result, IsOver) = (RunJson.ReadResult(stored.Result), true);
        }

        public KeptPrompt Stored()
        {
            if (_count != Updates.Count)
                (_bytes, _count) = (RunJson.Write(Updates), Updates.Count);
            return new KeptPrompt { State = State, Updates = _bytes!, Result = Result is null ? [] : RunJson.Write(Result) };
        }
    }
}
