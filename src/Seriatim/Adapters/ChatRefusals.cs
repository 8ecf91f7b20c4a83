using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Refuses by name what of a chat's options and messages would change the answer and cannot be honoured.</summary>
internal static class ChatRefusals
{
    public static void Check(ChatOptions options, string model)
    {
        string? refused = options switch
        {
            { Tools.Count: > 0 } => "Tools: the model's calls would not be read",
            { ToolMode: RequiredChatToolMode } => "ToolMode: no tool can be required where none can be called",
            { AllowMultipleToolCalls: true } => "AllowMultipleToolCalls: no tools are called",
            { ResponseFormat: not null and not ChatResponseFormatText } => "ResponseFormat: answers are plain text",
            { ConversationId: not null } => "ConversationId: nothing is kept between requests; send all messages",
            { ModelId: { } id } when id != model => $"ModelId {id}: this client serves {model}",
            { Reasoning: { } reasoning } when reasoning.Effort is not null || reasoning.Output is not null =>
                "Reasoning: how much a model thinks is said in its prompt, if it can be said at all",
            { AdditionalProperties: { Count: > 0 } more } => $"AdditionalProperties ({string.Join(", ", more.Keys)})",
            _ => Background(options),
        };
        if (refused is not null)
            throw new NotSupportedException($"This chat client does not support {refused}.");
    }

    /// <summary>
    /// The sampling that <see cref="ChatOptions.RawRepresentationFactory"/> makes, in place of
    /// the model's defaults; null: there is none.
    /// </summary>
    public static SamplingOptions? SamplingOf(ChatOptions options, IChatClient client) =>
        options.RawRepresentationFactory?.Invoke(client) switch
        {
            null => null,
            SamplingOptions sampling => sampling,
            { } other => throw new NotSupportedException(
                $"RawRepresentationFactory gives a {other.GetType().Name}; this chat client "
                    + $"takes {nameof(SamplingOptions)}, or null."),
        };

    public static ChatTurn Convert(ChatMessage message)
    {
        // What a model thought in earlier turns is not part of a prompt; templates leave it out, too.
        AIContent? other = message.Contents.FirstOrDefault(content => content is not (TextContent or TextReasoningContent));
        return other is null
            ? new ChatTurn(message.Role.Value, message.Text)
            : throw new NotSupportedException(
                $"This chat client does not support {other.GetType().Name} in a message; only text.");
    }

#pragma warning disable MEAI001 // Experimental there, and refused here under the names they have now.
    private static string? Background(ChatOptions options) => options switch
    {
        { ContinuationToken: not null } => "ContinuationToken: an answer that broke off is not kept; ask again",
        { AllowBackgroundResponses: true } => "AllowBackgroundResponses: an answer ends with its request",
        _ => null,
    };
#pragma warning restore MEAI001
}
