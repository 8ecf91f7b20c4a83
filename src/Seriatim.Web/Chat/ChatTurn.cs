using System.Text;
using Seriatim.Web.Calls;

namespace Seriatim.Web.Chat;

/// <summary>Something that was said: a node of a conversation's tree, whose branches are other ways to go on.</summary>
/// <param name="id">Its number in the conversation.</param>
/// <param name="parent">What it follows; null: it begins the conversation.</param>
/// <param name="isAnswer">Whether the model said it.</param>
/// <param name="settings">How it was made.</param>
public sealed class ChatTurn(int id, ChatTurn? parent, bool isAnswer, ChatSettings settings)
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new(), _reasoning = new();
    private readonly List<ChatToken> _tokens = [];
    private long _started;

    public int Id => id;

    public ChatTurn? Parent => parent;

    public bool IsAnswer => isAnswer;

    public ChatSettings Settings => settings;

    /// <summary>What follows it.</summary>
    public List<ChatTurn> Next { get; } = [];

    /// <summary>Which of them is shown.</summary>
    public int Chosen { get; set; }

    public ChatState State { get; private set; }

    public ApiFailure? Failure { get; private set; }

    public ChatFigures? Figures { get; private set; }

    /// <summary>Why it ended, as the API says it: <c>stop</c>, <c>length</c>; null: it has not.</summary>
    public string? Finish { get; private set; }

    /// <summary>The ids of what the model read; null: not known yet.</summary>
    public IReadOnlyList<int>? PromptIds { get; set; }

    /// <summary>Tokens that stood before it began, because somebody chose one.</summary>
    public int Forced { get; private set; }

    public bool IsRunning => State is ChatState.Waiting or ChatState.Running;

    /// <summary>Tokens a second until now; null: too early to say.</summary>
    public double? PerSecond
    {
        get
        {
            lock (_gate)
            {
                double seconds = TimeProvider.System.GetElapsedTime(_started).TotalSeconds;
                return State == ChatState.Running && _tokens.Count - Forced > 1 && seconds > 0.05
                    ? (_tokens.Count - Forced - 1) / seconds : null;
            }
        }
    }

    public string Text
    {
        get
        {
            lock (_gate)
                return _text.ToString();
        }
    }

    public string Reasoning
    {
        get
        {
            lock (_gate)
                return _reasoning.ToString();
        }
    }

    public ChatToken[] Tokens
    {
        get
        {
            lock (_gate)
                return [.. _tokens];
        }
    }

    public int TokenCount
    {
        get
        {
            lock (_gate)
                return _tokens.Count;
        }
    }

    /// <summary>About how many bytes it holds.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
                return 256 + 2 * (_text.Length + _reasoning.Length) + _tokens.Sum(token => (long)token.Bytes)
                    + 4 * (PromptIds?.Count ?? 0);
        }
    }

    /// <summary>Says it: what somebody typed.</summary>
    public void Say(string text)
    {
        _text.Append(text);
        State = ChatState.Done;
    }

    /// <summary>Begins it with tokens that are settled.</summary>
    public void Force(IReadOnlyList<ChatToken> tokens)
    {
        lock (_gate)
        {
            _tokens.AddRange(tokens);
            foreach (ChatToken token in tokens)
                _text.Append(token.Text);
            Forced = tokens.Count;
        }
    }

    public void Add(ChatDelta delta)
    {
        lock (_gate)
        {
            if (State == ChatState.Waiting && delta.Tokens.Count > 0)
                (State, _started) = (ChatState.Running, TimeProvider.System.GetTimestamp());
            _text.Append(delta.Text);
            _reasoning.Append(delta.Reasoning);
            _tokens.AddRange(delta.Tokens);
            Finish = delta.Finish ?? Finish;
            Figures = delta.Figures ?? Figures;
            PromptIds ??= delta.PromptIds;
        }
    }

    public void End(ChatState state, ApiFailure? failure = null)
    {
        lock (_gate)
            (State, Failure) = (state, failure);
    }
}
