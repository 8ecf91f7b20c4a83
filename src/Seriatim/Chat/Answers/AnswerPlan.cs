using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How the answers to a prompt are read, and what the request needs for it.</summary>
/// <param name="Format">How the model writes.</param>
/// <param name="Tools">The tools that were offered.</param>
/// <param name="StartsInReasoning">Whether the prompt has opened the reasoning.</param>
internal sealed record AnswerPlan(AnswerFormat Format, IReadOnlyList<ChatTool> Tools, bool StartsInReasoning)
{
    /// <summary>What the request says of its tools.</summary>
    public ToolUse Use { get; init; } = new();

    /// <summary>What holds its answers to that, and to the form they are asked for; null: nothing is needed.</summary>
    public Grammar? Grammar { get; init; }

    /// <summary>Whether the text of an answer is held to a form, so that marks in it are text.</summary>
    public bool HasForm { get; init; }

    /// <summary>The plan for a prompt.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="prompt">Template and tools.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="use">What the request says of its tools; where none are offered, no calls are looked for.</param>
    /// <param name="own">The grammar that the request has of its own; null: none. It holds for what the user is told, not for
    /// the reasoning before it, and not for calls of tools.</param>
    /// <exception cref="GrammarException">A tool's schema is none, or cannot be enforced where it must be, or two grammars are
    /// asked for.</exception>
    public static AnswerPlan Of(
        Tokenizer tokenizer, ChatPromptOptions prompt, ReadOnlySpan<int> ids, ToolUse use, Grammar? own)
    {
        foreach (ChatTool tool in prompt.Tools)
            ToolSchema.Check(tool);
        if (own is not null)
        {
            use = use.Content is null ? use with { Content = own } : throw new GrammarException(own.Kind, "",
                $"the request has a grammar of its own ({own.Kind}), and asks for another form of its answer "
                + $"({use.Content.Kind}); leave one of them out");
        }

        AnswerFormat format = AnswerFormat.Of(tokenizer, prompt.Template);
        bool offers = format.Tools is not null && prompt.Tools.Count > 0 && use.Choice.Kind != ToolChoiceKind.None;
        if (!offers)
            format = format.WithoutCalls();
        var plan = new AnswerPlan(format, prompt.Tools, format.StartsInReasoning(tokenizer, ids)) { Use = use };
        Grammar? grammar = offers && use.IsConstrained ? ToolGrammar.Of(plan, use)
            : use.Content is { } form ? ContentGrammar.Around(plan, form) : null;

        return plan with
        {
            Grammar = grammar,
            HasForm = use.Content is not null,
        };
    }

    /// <summary>
    /// A request whose answers can be read: marks that are special tokens come out, those that end a message end it.
    /// </summary>
    public GenerationRequest ApplyTo(GenerationRequest request)
    {
        if (Grammar is not null)
            request = request with { Sampling = request.Sampling with { Grammar = Grammar } };
        if (Format.IsPlain || request.Tokenizer is not { } tokenizer)
            return request;
        IReadOnlyList<int> ends = Format.EndIds(tokenizer);
        return request with
        {
            ShownIds = [.. request.ShownIds.Union(Format.ShownIds(tokenizer)).Except(ends)],
            StopIds = [.. request.StopIds.Union(ends)],
        };
    }

    /// <summary>Reads one answer.</summary>
    /// <param name="prefix">What the ids of its calls begin with.</param>
    public AnswerReader Reader(string prefix) =>
        new(Format, Tools, prefix, StartsInReasoning, HasForm) { OneCall = !Use.IsParallel };

    /// <summary>Whether a limit ended an answer, not the model.</summary>
    public static bool IsCut(FinishReason reason) =>
        reason is FinishReason.Length or FinishReason.Timeout or FinishReason.Cancelled;
}
