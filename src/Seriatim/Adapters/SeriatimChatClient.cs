using System.Runtime.CompilerServices;
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
        ToolCallReader? reader = ReaderFor(plan, handle);
        string text = reader is null ? choice.Text : reader.Push(choice.Text) + reader.Flush(IsCut(plan, choice.Finish));
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, Contents(text, reader)))
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
        ToolCallReader? reader = ReaderFor(plan, handle);
        string id = $"{handle.Number}";
        await foreach (GenerationUpdate update in handle.WithCancellation(either.Token).ConfigureAwait(false))
        {
            string text = reader is null ? update.Text
                : reader.Push(update.Text) + (update.Finish is { } end ? reader.Flush(IsCut(plan, end)) : "");
            if (text.Length == 0 && update.Finish is null)
                continue;
            yield return new ChatResponseUpdate(ChatRole.Assistant, Contents(text, update.Finish is null ? null : reader))
            {
                ResponseId = id,
                MessageId = id,
                ModelId = access.Name,
                FinishReason = update.Finish is { } finish ? Reason(finish, reader) : null,
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

    private static ToolCallReader? ReaderFor(ChatRequestPlan plan, GenerationHandle handle) =>
        plan.HasTools ? new ToolCallReader($"call_{handle.Number}") : null;

    /// <summary>Whether the end of a call was taken as the end of the answer.</summary>
    private static bool IsCut(ChatRequestPlan plan, FinishReason reason) => plan.OneCall && reason == FinishReason.StopString;

    private static List<AIContent> Contents(string text, ToolCallReader? reader)
    {
        List<AIContent> contents = text.Length > 0 || reader is null or { Calls.Count: 0 } ? [new TextContent(text)] : [];
        foreach (ToolCall call in reader?.Calls ?? [])
        {
            Dictionary<string, object?> arguments = call.Arguments.EnumerateObject()
                .ToDictionary(argument => argument.Name, argument => (object?)argument.Value, StringComparer.Ordinal);
            contents.Add(new FunctionCallContent(call.Id, call.Name, arguments));
        }

        return contents;
    }

    private static ChatFinishReason Reason(FinishReason reason, ToolCallReader? reader) => reason switch
    {
        _ when reader is { Calls.Count: > 0 } => ChatFinishReason.ToolCalls,
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
