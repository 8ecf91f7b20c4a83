using System.Runtime.CompilerServices;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A conversation with a model: what was said, and the tools it may call. The model reads all of it for each answer; what it has
/// read before comes from the prefix cache of the engine.
/// </summary>
/// <remarks>
/// One answer at a time. What came of an answer is remembered, also if it was broken off; a message of which nothing came,
/// because the request was refused or failed at once, is taken back.
/// </remarks>
/// <example><code>
/// Conversation talk = model.StartConversation(new ConversationOptions { System = "Be brief." });
/// Console.WriteLine((await talk.SendAsync("Who are you?")).Text);
/// </code></example>
public sealed class Conversation
{
    private const string User = "user", Assistant = "assistant", Tool = "tool";
    private const string CallsField = "tool_calls", CallIdField = "tool_call_id";

    private readonly List<ChatTurn> _turns;
    private readonly ConversationOptions _options;
    private readonly Lock _gate = new();
    private bool _answers;

    internal Conversation(LanguageModel model, ConversationOptions options, IEnumerable<ChatTurn>? turns = null)
    {
        if (options.Prompt.Tools.Count > 0
            && ToolSupport.Refusal(model.Tokenizer, options.Prompt.Template) is { } refusal)
        {
            throw new ChatTemplateException($"{model.Name} cannot be offered {options.Prompt.Tools.Count} tools: {refusal}.");
        }

        (Model, _options) = (model, options);
        _turns = [.. turns ?? Opening];
    }

    /// <summary>The model.</summary>
    public LanguageModel Model { get; }

    /// <summary>What was said so far, the system text first.</summary>
    public IReadOnlyList<ChatTurn> Turns
    {
        get
        {
            lock (_gate)
                return [.. _turns];
        }
    }

    private IEnumerable<ChatTurn> Opening => _options.System is { } text ? [new ChatTurn("system", text)] : [];

    /// <summary>Says something, and gives the answer when it is complete.</summary>
    /// <param name="message">What the user says.</param>
    /// <param name="options">How this answer is generated; null: as the conversation's options say.</param>
    /// <param name="cancellationToken">Ends the answer at the next step.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    /// <exception cref="InvalidOperationException">Another answer is under way.</exception>
    public Task<ConversationReply> SendAsync(
        string message, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return ReplyAsync(message, options, cancellationToken);
    }

    /// <summary>Answers what was said so far, e.g. after results of tools.</summary>
    /// <param name="options">How this answer is generated; null: as the conversation's options say.</param>
    /// <param name="cancellationToken">Ends the answer at the next step.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    /// <exception cref="GenerationException">The request cannot be served as it was asked.</exception>
    /// <exception cref="InvalidOperationException">Another answer is under way.</exception>
    public Task<ConversationReply> AnswerAsync(GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        ReplyAsync(null, options, cancellationToken);

    /// <summary>
    /// Says something, and gives the answer as it comes, without calls of tools (these are <see cref="PendingCalls"/> then) and
    /// without reasoning (<see cref="ConversationOptions.OnReasoning"/>).
    /// Begins when the first element is asked for.
    /// </summary>
    /// <param name="message">What the user says.</param>
    /// <param name="options">How this answer is generated; null: as the conversation's options say.</param>
    /// <param name="cancellationToken">Ends the answer at the next step.</param>
    public IAsyncEnumerable<GenerationUpdate> StreamAsync(
        string message, GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        new ColdStream<GenerationUpdate>(reading => ReadAsync(message, options, null, cancellationToken, reading));

    /// <summary>As <see cref="AnswerAsync"/>, as it comes.</summary>
    /// <param name="options">How this answer is generated; null: as the conversation's options say.</param>
    /// <param name="cancellationToken">Ends the answer at the next step.</param>
    public IAsyncEnumerable<GenerationUpdate> StreamAnswerAsync(
        GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        new ColdStream<GenerationUpdate>(reading => ReadAsync(null, options, null, cancellationToken, reading));

    /// <summary>Calls of the last answer that have no result yet.</summary>
    public IReadOnlyList<ToolCall> PendingCalls
    {
        get
        {
            lock (_gate)
            {
                int last = _turns.FindLastIndex(turn => turn.Role == Assistant);
                if (last < 0 || !_turns[last].Fields.TryGetValue(CallsField, out object? calls))
                    return [];
                var done = _turns.Skip(last + 1).Select(turn => turn.Fields.GetValueOrDefault(CallIdField)).ToHashSet();
                return [.. ((Calls)calls!).Of.Where(call => !done.Contains(call.Id))];
            }
        }
    }

    /// <summary>Says what a tool gave.</summary>
    /// <param name="call">The call.</param>
    /// <param name="result">Its result, as the model shall read it.</param>
    public void AddToolResult(ToolCall call, string result)
    {
        ArgumentNullException.ThrowIfNull(call);
        ArgumentNullException.ThrowIfNull(result);
        Add(new ChatTurn(Tool, result)
        {
            Fields = new Dictionary<string, object?> { ["name"] = call.Name, [CallIdField] = call.Id },
        });
    }

    /// <summary>Adds a turn that was said elsewhere.</summary>
    /// <param name="turn">The turn.</param>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public void Add(ChatTurn turn)
    {
        ArgumentNullException.ThrowIfNull(turn);
        Change(() => _turns.Add(turn));
    }

    /// <summary>
    /// The request that asks for an answer to what was said so far, for <see cref="LanguageModel.SubmitChat"/>.
    /// </summary>
    /// <param name="options">How this answer is generated; null: as the conversation's options say.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public GenerationRequest Request(GenerateOptions? options = null) =>
        (options ?? _options.Generate).ApplyTo(Model.ChatRequest(Turns, _options.Prompt));

    /// <summary>The same conversation once more, to go on with it another way.</summary>
    public Conversation Fork() => new(Model, _options, Turns);

    /// <summary>Takes the last message of the user and all that came after it back.</summary>
    /// <returns>The message; null: there is none.</returns>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public string? Rewind()
    {
        string? message = null;
        Change(() =>
        {
            int last = _turns.FindLastIndex(turn => turn.Role == User);
            if (last < 0)
                return;
            message = _turns[last].Content ?? "";
            _turns.RemoveRange(last, _turns.Count - last);
        });
        return message;
    }

    /// <summary>Forgets all but the system text.</summary>
    /// <exception cref="InvalidOperationException">An answer is under way.</exception>
    public void Clear() => Change(() =>
    {
        _turns.Clear();
        _turns.AddRange(Opening);
    });

    private async Task<ConversationReply> ReplyAsync(string? message, GenerateOptions? options,
        CancellationToken cancellationToken)
    {
        var answer = new Answer();
        await foreach (GenerationUpdate _ in ReadAsync(message, options, answer, cancellationToken, CancellationToken.None)
            .ConfigureAwait(false))
        {
            // All of it is in the answer.
        }

        GenerationResult result = await answer.Handle!.Completion.ConfigureAwait(false);
        return new ConversationReply
        {
            Text = answer.Text.Trim(),
            Reasoning = answer.Reader!.Reasoning.Trim(),
            ToolCalls = answer.Calls,
            MalformedCalls = answer.Reader.Malformed,
            Result = result,
        };
    }

    private async IAsyncEnumerable<GenerationUpdate> ReadAsync(
        string? message, GenerateOptions? options, Answer? answer, CancellationToken cancellationToken,
        [EnumeratorCancellation] CancellationToken reading)
    {
        answer ??= new Answer();
        int before = Begin(message);
        try
        {
            GenerationRequest request = Request(options);
            AnswerPlan plan = AnswerPlan.Of(
                Model.Tokenizer, _options.Prompt, request.Prompt.Span, new ToolUse(), request.Sampling.Grammar);
            answer.Handle = Model.SubmitChat(
                Model.WithTurnEnds(plan.ApplyTo(request), _options.Prompt.Template), cancellationToken);
            AnswerReader reader = answer.Reader = plan.Reader($"call_{answer.Handle.Number}");
            await foreach (GenerationUpdate update in answer.Handle.WithCancellation(reading).ConfigureAwait(false))
            {
                IReadOnlyList<AnswerDelta> deltas = reader.Push(update.Text);
                if (update.Finish is { } finish)
                    deltas = [.. deltas, .. reader.End(AnswerPlan.IsCut(finish))];
                foreach (AnswerDelta.Reasoning thought in deltas.OfType<AnswerDelta.Reasoning>())
                    _options.OnReasoning?.Invoke(thought.Text);
                yield return update with { Text = string.Concat(deltas.OfType<AnswerDelta.Content>().Select(d => d.Text)) };
            }

            answer.IsComplete = true;
        }
        finally
        {
            End(before, answer);
        }
    }

    private int Begin(string? message)
    {
        int before = 0;
        Change(() =>
        {
            before = _turns.Count;
            if (message is not null)
                _turns.Add(new ChatTurn(User, message));
            _answers = true;
        });
        return before;
    }

    private void End(int before, Answer answer)
    {
        lock (_gate)
        {
            _answers = false;
            if (answer.IsComplete || answer.Text.Length > 0 || answer.Calls.Count > 0)
                _turns.Add(answer.Turn);
            else
                _turns.RemoveRange(before, _turns.Count - before);
        }
    }

    private void Change(Action change)
    {
        lock (_gate)
        {
            if (_answers)
                throw new InvalidOperationException("An answer of this conversation is under way; wait for its end, or fork it.");
            change();
        }
    }

    /// <summary>What there is of an answer.</summary>
    private sealed class Answer
    {
        public GenerationHandle? Handle { get; set; }

        public AnswerReader? Reader { get; set; }

        public string Text => Reader?.Text ?? "";

        public IReadOnlyList<ToolCall> Calls => Reader?.Calls ?? [];

        public bool IsComplete { get; set; }

        public ChatTurn Turn
        {
            get
            {
                var fields = new Dictionary<string, object?>();
                if (Calls.Count > 0)
                    fields[CallsField] = new Calls(Calls);
                if (Reader?.Reasoning.Trim() is { Length: > 0 } thoughts)
                {
                    foreach (string name in ToolSupport.ReasoningFields)
                        fields[name] = thoughts;
                }

                return new ChatTurn(Assistant, Text.Trim()) { Fields = fields };
            }
        }
    }

    /// <summary>Calls, as a list that templates can read and this class finds again.</summary>
    private sealed class Calls(IReadOnlyList<ToolCall> calls) : List<object?>(calls.Select(call => (object?)call.Field))
    {
        public IReadOnlyList<ToolCall> Of { get; } = [.. calls];
    }
}
