using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>What is remembered of a request: when what happened to it, and what its answer follows from.</summary>
/// <param name="call">The request.</param>
/// <param name="use">The model.</param>
/// <param name="prompts">Its prompts.</param>
internal sealed class RequestRecord(ApiCall call, ModelUse use, IReadOnlyList<RecordedPrompt> prompts)
{
    private const int MostEvents = 512;

    private readonly Lock _gate = new();
    private readonly List<RequestEvent> _events = [];
    private readonly TimeProvider _clock = call.Server.Clock;
    private readonly long _started = call.Started;
    private int _left = prompts.Count;

    public string Id { get; } = call.Id;

    /// <summary>The number that the id of its answer is made of.</summary>
    public string Number { get; } = call.Number;

    public string Path { get; } = call.Endpoint.Path;

    public string Client { get; } = call.Client.Name;

    /// <summary>Whose it is; names of clients need not differ.</summary>
    public string Owner { get; } = call.Client.Owner;

    public long Created { get; } = call.Created;

    public string Model { get; } = use.Name;

    /// <summary>The hash of the weights.</summary>
    public string ModelHash { get; } = use.Engine.Model.FingerprintOf(null);

    public string Fingerprint { get; } = use.Fingerprint;

    public IReadOnlyList<RecordedPrompt> Prompts { get; } = prompts;

    /// <summary>Bytes of options and ids that it holds.</summary>
    public long Bytes { get; } = RecordedPrompt.BytesOf(prompts);

    /// <summary>How it is: <c>running</c>, <c>done</c>, <c>failed</c>, <c>cancelled</c>.</summary>
    public string State { get; private set; } = "running";

    /// <summary>Events that did not fit any more.</summary>
    public int Dropped { get; private set; }

    public IReadOnlyList<RequestEvent> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    /// <summary>What the timeline calls a moment.</summary>
    public static string NameOf(RequestMomentKind kind) => kind switch
    {
        RequestMomentKind.Admitted => "admitted",
        RequestMomentKind.Prefill => "prefill",
        RequestMomentKind.FirstToken => "first_token",
        _ => "preempted",
    };

    /// <summary>Something has happened to it.</summary>
    public void Note(string name, int prompt, int? count = null)
    {
        lock (_gate)
        {
            if (_events.Count < MostEvents)
                _events.Add(new RequestEvent(_clock.GetElapsedTime(_started), name, prompt, count));
            else
                Dropped++;
        }
    }

    /// <summary>One of its prompts has ended.</summary>
    public void End(string state, int prompt, int? tokens)
    {
        Note(state, prompt, tokens);
        lock (_gate)
        {
            // Of several ends the worse one is told.
            if (State is "running" or "done")
                State = --_left > 0 && state == "done" ? "running" : state;
        }
    }
}
