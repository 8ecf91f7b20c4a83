using System.Text.Json;
using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>What options and messages of Microsoft.Extensions.AI make of a request.</summary>
/// <param name="Request">The request.</param>
/// <param name="Answer">How its answer is read.</param>
internal sealed record ChatRequestPlan(GenerationRequest Request, AnswerPlan Answer)
{
    public static ChatRequestPlan Of(
        LanguageModel model, ChatPromptOptions prompt, IEnumerable<ChatMessage> messages, ChatOptions? options,
        IChatClient client)
    {
        options ??= new ChatOptions();
        ChatRefusals.Check(options, model, prompt);
        ChatTool[] tools = options.ToolMode is NoneChatToolMode
            ? []
            : [.. (options.Tools ?? []).Cast<AIFunctionDeclaration>().Select(ChatMessages.Tool)];
        List<ChatTurn> turns = new ChatMessages(model, prompt.Template).Convert(messages);
        if (options.Instructions is { Length: > 0 } instructions)
            turns.Insert(0, new ChatTurn("system", instructions));
        prompt = prompt with { Tools = [.. prompt.Tools, .. tools] };
        GenerationRequest chat = model.ChatRequest(turns, prompt);
        GenerationRequest request = StartFrom(options, chat, client);
        AnswerPlan answer = AnswerPlan.Of(
            model.Tokenizer, prompt, chat.Prompt.Span, UseOf(options), request.Sampling.Grammar);
        SamplingOptions own = request.Sampling;
        return new ChatRequestPlan(
            model.WithTurnEnds(answer.ApplyTo(request with
            {
                MaxNewTokens = options.MaxOutputTokens ?? request.MaxNewTokens,
                MinNewTokens = Math.Min(request.MinNewTokens, options.MaxOutputTokens ?? int.MaxValue),
                Seed = options.Seed is { } seed ? unchecked((ulong)seed) : request.Seed,
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
            }), prompt.Template), answer);
    }

    /// <summary>What the options say of their tools.</summary>
    private static ToolUse UseOf(ChatOptions options) => new()
    {
        Choice = options.ToolMode switch
        {
            NoneChatToolMode => ToolChoice.None,
            RequiredChatToolMode { RequiredFunctionName: { } name } => ToolChoice.Of(name),
            RequiredChatToolMode => ToolChoice.Required,
            _ => ToolChoice.Auto,
        },
        IsParallel = options.AllowMultipleToolCalls != false,
        Content = options.ResponseFormat is ChatResponseFormatJson json
            ? ContentGrammar.OfSchema(json.Schema ?? ContentGrammar.AnyObject) : null,
        Strict = [.. (options.Tools ?? []).Where(tool => tool.AdditionalProperties.TryGetValue("strict", out object? strict)
            && strict is true or JsonElement { ValueKind: JsonValueKind.True }).Select(tool => tool.Name)],
    };

    /// <summary>
    /// What <see cref="ChatOptions.RawRepresentationFactory"/> makes stands in place of the model's defaults, and below the
    /// options: a whole request, of which all counts but the prompt, or its sampling, or what a caller says in short.
    /// </summary>
    private static GenerationRequest StartFrom(ChatOptions options, GenerationRequest chat, IChatClient client) =>
        options.RawRepresentationFactory?.Invoke(client) switch
        {
            null => chat,
            SamplingOptions sampling => chat with { Sampling = sampling },
            GenerateOptions own => own.ApplyTo(chat),
            GenerationRequest { Count: 1, BestOf: null } request => request with
            {
                Prompt = chat.Prompt,
                EncoderInput = chat.EncoderInput,
                ForcedEndId = request.ForcedEndId ?? chat.ForcedEndId,
                StopIds = [.. request.StopIds, .. chat.StopIds.Except(request.StopIds)],
                StopStrings = [.. request.StopStrings, .. chat.StopStrings.Except(request.StopStrings)],
                Tokenizer = chat.Tokenizer,
            },
            GenerationRequest request => throw new NotSupportedException(
                $"RawRepresentationFactory gives a request with Count {request.Count} and BestOf {request.BestOf}; this chat "
                    + "client gives one answer."),
            { } other => throw new NotSupportedException(
                $"RawRepresentationFactory gives a {other.GetType().Name}; this chat client takes {nameof(GenerationRequest)}, "
                    + $"{nameof(SamplingOptions)}, {nameof(GenerateOptions)}, or null."),
        };
}
