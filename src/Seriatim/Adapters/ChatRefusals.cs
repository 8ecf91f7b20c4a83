using Microsoft.Extensions.AI;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Refuses by name what of a chat's options would change the answer and cannot be honoured.</summary>
internal static class ChatRefusals
{
    public static void Check(ChatOptions options, LanguageModel model, ChatPromptOptions prompt)
    {
        string? refused = options switch
        {
            { ToolMode: RequiredChatToolMode required } when (options.Tools?.Count ?? 0) + prompt.Tools.Count == 0 =>
                $"ToolMode: {required.RequiredFunctionName ?? "a call"} is required, and there are no tools to call",
            { ResponseFormat: { } format and not ChatResponseFormatText and not ChatResponseFormatJson } =>
                $"ResponseFormat: {format.GetType().Name}; answers are text or JSON",
            { ConversationId: not null } => "ConversationId: nothing is kept between requests; send all messages",
            { ModelId: { } id } when id != model.Name => $"ModelId {id}: this client serves {model.Name}",
            { Reasoning: { } reasoning } when reasoning.Effort is not null || reasoning.Output is not null =>
                "Reasoning: how much a model thinks is said in its prompt, if it can be said at all",
            { AdditionalProperties: { Count: > 0 } more } => $"AdditionalProperties ({string.Join(", ", more.Keys)})",
            { Tools: { Count: > 0 } tools } => Tools(options, tools, model, prompt),
            { AllowMultipleToolCalls: true } => "AllowMultipleToolCalls: there are no tools to call",
            _ => null,
        } ?? Background(options);
        if (refused is not null)
            throw new NotSupportedException($"This chat client does not support {refused}.");
    }

    private static string? Tools(ChatOptions options, IList<AITool> tools, LanguageModel model, ChatPromptOptions prompt) =>
        options.ToolMode is NoneChatToolMode ? null
        : tools.FirstOrDefault(tool => tool is not AIFunctionDeclaration) is { } other
            ? $"Tools: {other.Name} is a {other.GetType().Name}; only functions can be shown to the model"
        : ToolSupport.Refusal(model.Tokenizer, prompt.Template) is { } refusal ? $"Tools: {refusal}" : null;

#pragma warning disable MEAI001 // Experimental there, and refused here under the names they have now.
    private static string? Background(ChatOptions options) => options switch
    {
        { ContinuationToken: not null } => "ContinuationToken: an answer that broke off is not kept; ask again",
        { AllowBackgroundResponses: true } => "AllowBackgroundResponses: an answer ends with its request",
        _ => null,
    };
#pragma warning restore MEAI001
}
