using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A <see cref="LanguageModel"/> as an <see cref="IChatClient"/>. Options that cannot be honoured are refused by name.
/// </summary>
internal sealed class SeriatimChatClient(LanguageModel model) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new("seriatim", null, model.Name);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        GenerationHandle handle = Submit(messages, options, cancellationToken);
        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        GenerationChoice choice = result.Choices[0];
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, choice.Text))
        {
            ResponseId = $"{handle.Number}",
            ModelId = model.Name,
            FinishReason = Reason(choice.Finish),
            Usage = Usage(result.Usage),
            AdditionalProperties = Seed(handle),
            RawRepresentation = result,
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        GenerationHandle handle = Submit(messages, options, cancellationToken);
        string id = $"{handle.Number}";
        await foreach (GenerationUpdate update in handle.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (update.Text.Length == 0 && update.Finish is null)
                continue;
            yield return new ChatResponseUpdate(ChatRole.Assistant, update.Text)
            {
                ResponseId = id,
                MessageId = id,
                ModelId = model.Name,
                FinishReason = update.Finish is { } finish ? Reason(finish) : null,
            };
        }

        GenerationResult result = await handle.Completion.ConfigureAwait(false);
        yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage(result.Usage))])
        {
            ResponseId = id,
            MessageId = id,
            ModelId = model.Name,
            AdditionalProperties = Seed(handle),
            RawRepresentation = result,
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : serviceType.IsInstanceOfType(model) ? model : null;
    }

    /// <summary>The model belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }

    private GenerationHandle Submit(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        options ??= new ChatOptions();
        ChatRefusals.Check(options, model.Name);
        SamplingOptions? given = ChatRefusals.SamplingOf(options, this);
        List<ChatTurn> conversation = [.. messages.Select(ChatRefusals.Convert)];
        if (options.Instructions is { Length: > 0 } instructions)
            conversation.Insert(0, new ChatTurn("system", instructions));
        GenerationRequest request = model.ChatRequest(conversation);
        SamplingOptions own = given ?? request.Sampling;
        using SeriatimTelemetry.AdapterScope scope = SeriatimTelemetry.InAdapter();
        return model.SubmitChat(
            request with
            {
                MaxNewTokens = options.MaxOutputTokens,
                MinNewTokens = Math.Min(request.MinNewTokens, options.MaxOutputTokens ?? int.MaxValue),
                Seed = options.Seed is { } seed ? unchecked((ulong)seed) : null,
                StopStrings = [.. request.StopStrings, .. options.StopSequences ?? []],
                Sampling = own with
                {
                    Temperature = options.Temperature ?? own.Temperature,
                    TopK = options.TopK ?? own.TopK,
                    TopP = options.TopP ?? own.TopP,
                    Penalties = own.Penalties with
                    {
                        Frequency = options.FrequencyPenalty ?? own.Penalties.Frequency,
                        Presence = options.PresencePenalty ?? own.Penalties.Presence,
                    },
                },
            },
            cancellationToken);
    }

    private static ChatFinishReason Reason(FinishReason reason) => reason switch
    {
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
