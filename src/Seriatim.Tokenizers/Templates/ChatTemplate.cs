namespace Seriatim.Tokenizers;

/// <summary>
/// A chat template: the Jinja program that turns a conversation into the prompt a model was trained on. It runs with limits on
/// steps, depth and length, changes nothing, and sees only what it is given. Thread-safe.
/// </summary>
public sealed class ChatTemplate
{
    private const int MaxSource = 1 << 20;

    private readonly Lazy<IReadOnlyList<Statement>> _statements;

    /// <summary>Takes a template; it is parsed when it is first used.</summary>
    /// <param name="source">The Jinja source.</param>
    public ChatTemplate(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Source = source;
        _statements = new Lazy<IReadOnlyList<Statement>>(() => source.Length <= MaxSource ? TemplateParser.Parse(source)
            : throw new ChatTemplateException($"the chat template has {source.Length} chars, more than {MaxSource}."));
    }

    /// <summary>The source of the template, in Jinja.</summary>
    public string Source { get; }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="addGenerationPrompt">End with the opening of the answer.</param>
    /// <param name="variables">
    /// More variables (<c>tools</c>, <c>bos_token</c>, ...). Values are strings, numbers, truth values, null, lists,
    /// dictionaries, or JSON (elements, documents, nodes).
    /// </param>
    /// <param name="now">The time for <c>strftime_now</c>; the local time if not given.</param>
    /// <exception cref="ChatTemplateException">The template is broken, refuses the conversation, or takes too much.</exception>
    public string Render(IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt = true,
        IReadOnlyDictionary<string, object?>? variables = null, DateTimeOffset? now = null) =>
        Render(messages, addGenerationPrompt, variables, now, TimeProvider.System);

    /// <summary>As the public method, with a clock that tells how long the rendering takes.</summary>
    internal string Render(IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, object?>? variables, DateTimeOffset? now, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Render(TemplateInput.From(messages), addGenerationPrompt, Converted(variables), now ?? DateTimeOffset.Now, clock);
    }

    /// <summary>As the public method; says too where special tokens of messages and tools are text.</summary>
    internal GuardedPrompt Render(IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt,
        IReadOnlyDictionary<string, object?> variables, IReadOnlyList<AddedToken> tokens, DateTimeOffset? time = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        DateTimeOffset now = time ?? DateTimeOffset.Now;
        object? turns = TemplateInput.From(messages);
        Dictionary<string, object?> all = Converted(variables);
        object? tools = all.GetValueOrDefault("tools");
        var guard = new MessageGuard(tokens, Source, turns, tools);
        return guard.Render(put =>
        {
            all["tools"] = put(tools);
            return Render(put(turns), addGenerationPrompt, all, now, TimeProvider.System);
        });
    }

    private string Render(object? messages, bool addGenerationPrompt, Dictionary<string, object?> variables, DateTimeOffset now,
        TimeProvider clock)
    {
        IReadOnlyList<Statement> statements = _statements.Value;
        var globals = new TemplateScope(null);
        TemplateGlobals.AddTo(globals, now);
        globals.Set("tools", null);
        globals.Set("documents", null);
        globals.Set("messages", messages);
        globals.Set("add_generation_prompt", addGenerationPrompt);
        foreach ((string name, object? value) in variables)
            globals.Set(name, value);
        return new TemplateEvaluator(new TemplateBudget(clock)).Render(statements, new TemplateScope(globals));
    }

    private static Dictionary<string, object?> Converted(IReadOnlyDictionary<string, object?>? variables) =>
        (variables ?? new Dictionary<string, object?>()).ToDictionary(
            pair => pair.Key, pair => TemplateInput.From(pair.Value), StringComparer.Ordinal);
}
