namespace Seriatim.Web.Chat;

/// <summary>A conversation as a tree of turns, of which one path is shown. It outlives the page that shows it.</summary>
/// <param name="id">What finds it.</param>
public sealed class ChatConversation(string id)
{
    private readonly Lock _gate = new();
    private readonly List<ChatTurn> _first = [];
    private int _chosenFirst, _turns;
    private CancellationTokenSource? _running;

    public string Id => id;

    /// <summary>When somebody last did something with it.</summary>
    public DateTimeOffset Used { get; private set; } = DateTimeOffset.UtcNow;

    /// <summary>Tells that there is something new; from any thread.</summary>
    public event Action? Changed;

    public bool IsRunning => Volatile.Read(ref _running) is not null;

    public long Bytes
    {
        get
        {
            lock (_gate)
                return All().Sum(turn => turn.Bytes);
        }
    }

    /// <summary>The turns that are shown, the first one first.</summary>
    public IReadOnlyList<ChatTurn> Path
    {
        get
        {
            lock (_gate)
            {
                var path = new List<ChatTurn>();
                for ((List<ChatTurn> next, int chosen) = (_first, _chosenFirst); next.Count > 0;)
                {
                    ChatTurn turn = next[chosen];
                    path.Add(turn);
                    (next, chosen) = (turn.Next, turn.Chosen);
                }

                return path;
            }
        }
    }

    /// <summary>Its first words; empty: there are none yet.</summary>
    public string Title
    {
        get
        {
            lock (_gate)
            {
                string text = _first.Count == 0 ? "" : _first[_chosenFirst].Text.ReplaceLineEndings(" ").Trim();
                return text.Length <= 40 ? text : $"{text[..39]}…";
            }
        }
    }

    /// <summary>Adds a turn after another one (null: at the beginning) and shows it.</summary>
    public ChatTurn Add(ChatTurn? after, bool isAnswer, ChatSettings settings)
    {
        lock (_gate)
        {
            var turn = new ChatTurn(_turns++, after, isAnswer, settings);
            List<ChatTurn> beside = after?.Next ?? _first;
            beside.Add(turn);
            Choose(turn, beside.Count - 1);
            return turn;
        }
    }

    /// <summary>The place of a turn among its branches, and how many there are.</summary>
    public (int Index, int Count) BranchOf(ChatTurn turn)
    {
        lock (_gate)
        {
            List<ChatTurn> beside = turn.Parent?.Next ?? _first;
            return (beside.IndexOf(turn), beside.Count);
        }
    }

    /// <summary>Shows the branch so many places further.</summary>
    public void Switch(ChatTurn turn, int by)
    {
        lock (_gate)
        {
            List<ChatTurn> beside = turn.Parent?.Next ?? _first;
            int index = beside.IndexOf(turn) + by;
            if (index >= 0 && index < beside.Count)
                Choose(turn, index);
        }

        Tell();
    }

    /// <summary>The turns before one, the first one first.</summary>
    public static IReadOnlyList<ChatTurn> Before(ChatTurn turn)
    {
        var before = new List<ChatTurn>();
        for (ChatTurn? at = turn.Parent; at is not null; at = at.Parent)
            before.Add(at);
        before.Reverse();
        return before;
    }

    /// <summary>Begins an answer; false: another one runs.</summary>
    public bool TryBegin(out CancellationToken stop)
    {
        lock (_gate)
        {
            stop = default;
            if (_running is not null)
                return false;
            _running = new CancellationTokenSource();
            stop = _running.Token;
            return true;
        }
    }

    /// <summary>The answer has ended.</summary>
    public void End()
    {
        lock (_gate)
        {
            _running?.Dispose();
            _running = null;
        }

        Tell();
    }

    /// <summary>Stops the answer that runs; what has come stays.</summary>
    public void Stop()
    {
        lock (_gate)
            _running?.Cancel();
    }

    public void Tell()
    {
        Used = DateTimeOffset.UtcNow;
        Changed?.Invoke();
    }

    private void Choose(ChatTurn turn, int index)
    {
        if (turn.Parent is { } parent)
            parent.Chosen = index;
        else
            _chosenFirst = index;
    }

    private IEnumerable<ChatTurn> All()
    {
        var left = new Stack<ChatTurn>(_first);
        while (left.TryPop(out ChatTurn? turn))
        {
            yield return turn;
            foreach (ChatTurn next in turn.Next)
                left.Push(next);
        }
    }
}
