using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>How the answers to a prompt are read, and what the request needs for it.</summary>
/// <param name="Format">How the model writes.</param>
/// <param name="Tools">The tools that were offered.</param>
/// <param name="StartsInReasoning">Whether the prompt has opened the reasoning.</param>
internal sealed record AnswerPlan(AnswerFormat Format, IReadOnlyList<ChatTool> Tools, bool StartsInReasoning)
{
    /// <summary>Whether no more than one call is read, and nothing behind it.</summary>
    public bool OneCall { get; init; }

    /// <summary>The plan for a prompt.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="prompt">Template and tools.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="readsCalls">Whether calls are looked for; a model may write them although no tools were offered.</param>
    public static AnswerPlan Of(Tokenizer tokenizer, ChatPromptOptions prompt, ReadOnlySpan<int> ids, bool readsCalls)
    {
        AnswerFormat format = AnswerFormat.Of(tokenizer, prompt.Template);
        format = readsCalls ? format : format.WithoutCalls();
        return new AnswerPlan(format, prompt.Tools, format.StartsInReasoning(tokenizer, ids));
    }

    /// <summary>A request whose answers can be read: marks that are special tokens come out, those that end a message end it.</summary>
    public GenerationRequest ApplyTo(GenerationRequest request)
    {
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
    public AnswerReader Reader(string prefix) => new(Format, Tools, prefix, StartsInReasoning) { OneCall = OneCall };

    /// <summary>Whether a limit ended an answer, not the model.</summary>
    public static bool IsCut(FinishReason reason) =>
        reason is FinishReason.Length or FinishReason.Timeout or FinishReason.Cancelled;
}
