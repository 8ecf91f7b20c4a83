using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A <see cref="LanguageModel"/> as an <see cref="IChatClient"/>. Options that cannot be honoured are refused by name. A request
/// that comes before the model is open waits for it.
/// </summary>
internal sealed class SeriatimChatClient(ModelAccess<LanguageModel> access, ChatPromptOptions prompt) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new("seriatim", null, access.Name);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        (ChatRequestPlan plan, GenerationHandle handle) = await SubmitAsync(messages, options, cancellationToken)
            .ConfigureAwait(false);
        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        GenerationChoice choice = result.Choices[0];
        AnswerReader reader = ReaderFor(plan, handle);
        reader.Push(choice.Text);
        reader.End(AnswerPlan.IsCut(choice.Finish));
        var message = new ChatMessage(ChatRole.Assistant, Contents(reader))
        {
            AdditionalProperties = Unread(reader),
        };
        return new ChatResponse(message)
        {
            ResponseId = $"{handle.Number}",
            ModelId = access.Name,
            FinishReason = Reason(choice.Finish, reader),
            Usage = Usage(result.Usage),
            AdditionalProperties = Seed(handle),
            RawRepresentation = result,
        };
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        new ColdStream<ChatResponseUpdate>(reading => StreamAsync(messages, options, cancellationToken, reading));

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(access.Current) ? access.Current : null;
    }

    /// <summary>The model belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken,
        [EnumeratorCancellation] CancellationToken reading)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, reading);
        (ChatRequestPlan plan, GenerationHandle handle) =
            await SubmitAsync(messages, options, either.Token).ConfigureAwait(false);
        AnswerReader reader = ReaderFor(plan, handle);
        string id = $"{handle.Number}";
        await foreach (GenerationUpdate update in handle.WithCancellation(either.Token).ConfigureAwait(false))
        {
            IReadOnlyList<AnswerDelta> deltas = reader.Push(update.Text);
            if (update.Finish is { } end)
                deltas = [.. deltas, .. reader.End(AnswerPlan.IsCut(end))];
            List<AIContent> contents = [.. deltas.Select(Content).OfType<AIContent>()];
            if (contents.Count == 0 && update.Finish is null)
                continue;
            yield return new ChatResponseUpdate(ChatRole.Assistant, contents)
            {
                ResponseId = id,
                MessageId = id,
                ModelId = access.Name,
                FinishReason = update.Finish is { } finish ? Reason(finish, reader) : null,
                AdditionalProperties = update.Finish is null ? null : Unread(reader),
            };
        }

        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage(result.Usage))])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = access.Name,
            AdditionalProperties = Seed(handle),
            RawRepresentation = result,
        };
    }

    private async Task<(ChatRequestPlan Plan, GenerationHandle Handle)> SubmitAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        LanguageModel model = await access.OpenAsync(cancellationToken).ConfigureAwait(false);
        ChatRequestPlan plan = ChatRequestPlan.Of(model, prompt, messages, options, this);
        using SeriatimTelemetry.AdapterScope scope = SeriatimTelemetry.InAdapter();
        return (plan, model.SubmitChat(plan.Request, cancellationToken));
    }

    private static AnswerReader ReaderFor(ChatRequestPlan plan, GenerationHandle handle) =>
        plan.Answer.Reader($"call_{handle.Number}");

    private static List<AIContent> Contents(AnswerReader reader)
    {
        List<AIContent> contents = [];
        if (reader.Reasoning.Length > 0)
            contents.Add(new TextReasoningContent(reader.Reasoning));
        if (reader.Text.Length > 0 || (reader.Calls.Count == 0 && contents.Count == 0))
            contents.Add(new TextContent(reader.Text));
        return [.. contents, .. reader.Calls.Select(Content)];
    }

    /// <summary>A delta as content; null: it is part of a call that comes when it is complete.</summary>
    private static AIContent? Content(AnswerDelta delta) => delta switch
    {
        AnswerDelta.Content { Text: var text } => new TextContent(text),
        AnswerDelta.Reasoning { Text: var text } => new TextReasoningContent(text),
        AnswerDelta.CallEnd { Call: var call } => Content(call),
        _ => null,
    };

    private static FunctionCallContent Content(ToolCall call)
    {
        // A model may write an argument twice; as everywhere in JSON here, the last one counts.
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (JsonProperty argument in call.Arguments.EnumerateObject())
            arguments[argument.Name] = argument.Value;
        return new FunctionCallContent(call.Id, call.Name, arguments);
    }

    /// <summary>What should be calls and is none: blocks that cannot be read, and the call in which the answer was cut.</summary>
    private static AdditionalPropertiesDictionary? Unread(AnswerReader reader)
    {
        var unread = new AdditionalPropertiesDictionary();
        if (reader.Malformed.Count > 0)
            unread["malformed_tool_calls"] = reader.Malformed;
        if (reader.Incomplete is { } cut)
            unread["incomplete_tool_call"] = $"{cut.Name}({cut.ArgumentsText}";
        return unread.Count == 0 ? null : unread;
    }

    private static ChatFinishReason Reason(FinishReason reason, AnswerReader reader) => reason switch
    {
        _ when reader.Calls.Count > 0 => ChatFinishReason.ToolCalls,
        FinishReason.Length => ChatFinishReason.Length,
        FinishReason.Timeout => new ChatFinishReason("timeout"),
        FinishReason.Cancelled => new ChatFinishReason("cancelled"),
        _ => ChatFinishReason.Stop,
    };

    /// <summary>The seed that was used, given or drawn, as <see cref="ChatOptions.Seed"/> takes it.</summary>
    private static AdditionalPropertiesDictionary Seed(GenerationHandle handle) =>
        new() { ["seed"] = unchecked((long)handle.Seed) };

    private static UsageDetails Usage(GenerationUsage usage) => new()
    {
        InputTokenCount = usage.PromptTokens,
        OutputTokenCount = usage.NewTokens,
        TotalTokenCount = usage.PromptTokens + usage.NewTokens,
        CachedInputTokenCount = usage.CachedTokens,
    };
}
