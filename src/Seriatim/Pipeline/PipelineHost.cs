using Seriatim.Training;

namespace Seriatim;

/// <summary>
/// Rank 0 of processes that have layers of any number of models: what it tells the others, one command at a time, whichever of
/// its models it is about. Disposing it lets the others leave; its models are closed before.
/// </summary>
/// <param name="group">The processes.</param>
internal sealed class PipelineHost(ProcessGroup group) : IDisposable
{
    private readonly Lock _telling = new();
    private readonly Lock _asking = new();
    private ProcessGroupException? _failure;
    private int _last;
    private bool _isOver;

    /// <summary>The processes.</summary>
    public ProcessGroup Group { get; } = group;

    /// <summary>Held while a model is opened: ranks compare what they load, one model after the other.</summary>
    public Lock Opening { get; } = new();

    /// <summary>What the processes take as they have said last, by rank; null: nobody asks them.</summary>
    public RankWatch? Watch { get; init; }

    /// <summary>A number for a model that is about to be opened.</summary>
    public int NextModel() => Interlocked.Increment(ref _last);

    /// <summary>Tells all others something.</summary>
    /// <param name="command">What to do.</param>
    /// <param name="body">What belongs to it.</param>
    /// <param name="also">Sent right after it, before anything else is told; null: nothing.</param>
    public void Tell(in StageCommand command, byte[]? body = null, Action? also = null)
    {
        StageCommand told = command;
        Tell(told, _ => body ?? [], also);
    }

    /// <summary>Tells each of the others something of its own.</summary>
    /// <param name="command">What to do.</param>
    /// <param name="body">What belongs to it, by rank.</param>
    /// <param name="also">Sent right after it, before anything else is told; null: nothing.</param>
    public void Tell(StageCommand command, Func<int, byte[]> body, Action? also = null)
    {
        RequireRunning();
        try
        {
            using Lock.Scope turn = _telling.EnterScope();
            for (int rank = 1; rank < Group.Size; rank++)
                PipelineMessages.Tell(Group, rank, command, body(rank));
            also?.Invoke();
        }
        catch (Exception failure)
        {
            throw Broken(failure);
        }
    }

    /// <summary>Tells all others something that they answer, and waits for the answers, by rank.</summary>
    public byte[][] Ask(StageCommand command)
    {
        using Lock.Scope turn = _asking.EnterScope();
        Tell(command);
        try
        {
            return PipelineMessages.Replies(Group, PipelineMessages.Answer);
        }
        catch (Exception failure)
        {
            throw Broken(failure);
        }
    }

    /// <summary>The processes cannot go on: what everybody gets who needs them from now on.</summary>
    public ProcessGroupException Broken(Exception failure)
    {
        var own = new PipelineBrokenException(
            $"The {Group.Size} stages of the model cannot go on: {failure.Message}", failure);
        if (Interlocked.CompareExchange(ref _failure, own, null) is { } first)
            return first;
        OnBroken?.Invoke(own);
        return own;
    }

    /// <summary>Told once that the processes cannot go on; null: whoever asks anything of them is told.</summary>
    public Action<ProcessGroupException>? OnBroken { get; init; }

    /// <summary>Whether the processes cannot go on.</summary>
    public bool IsBroken => Volatile.Read(ref _failure) is not null;

    /// <summary>Refuses to go on with what cannot.</summary>
    public void RequireRunning()
    {
        if (Volatile.Read(ref _failure) is { } failure)
            throw failure;
    }

    /// <summary>Lets the others leave in good order; once.</summary>
    public void Dispose()
    {
        if (_isOver)
            return;
        _isOver = true;
        if (!IsBroken)
            Tell(new StageCommand(StageCommandKind.Stop));
    }
}
