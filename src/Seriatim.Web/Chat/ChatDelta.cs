using System.Text.Json;

namespace Seriatim.Web.Chat;

/// <summary>A piece of an answer, read from a chunk of the API's stream, of chats or of completions.</summary>
public sealed record ChatDelta
{
    public string Text { get; private init; } = "";

    public string Reasoning { get; private init; } = "";

    public IReadOnlyList<ChatToken> Tokens { get; private init; } = [];

    public string? Finish { get; private init; }

    public ChatFigures? Figures { get; private init; }

    public IReadOnlyList<int>? PromptIds { get; private init; }

    public static ChatDelta Read(JsonElement chunk)
    {
        var delta = new ChatDelta { Figures = FiguresOf(chunk), PromptIds = IdsOf(chunk, "prompt_token_ids") };
        if (!chunk.TryGetProperty("choices", out JsonElement choices) || choices.GetArrayLength() == 0)
            return delta;
        JsonElement choice = choices[0];
        bool isChat = choice.TryGetProperty("delta", out JsonElement said);
        string text = TextOf(isChat ? said : choice, isChat ? "content" : "text");
        return delta with
        {
            Text = text,
            Reasoning = isChat ? TextOf(said, "reasoning_content") : "",
            Finish = choice.TryGetProperty("finish_reason", out JsonElement finish) ? finish.GetString() : null,
            PromptIds = delta.PromptIds ?? IdsOf(choice, "prompt_token_ids"),
            Tokens = TokensOf(choice, isChat, text),
        };
    }

    private static ChatToken[] TokensOf(JsonElement choice, bool isChat, string text)
    {
        int[] ids = IdsOf(choice, "token_ids") ?? [];
        if (!choice.TryGetProperty("logprobs", out JsonElement logprobs) || logprobs.ValueKind != JsonValueKind.Object)
            return Shown([.. ids.Select(id => new ChatToken(id, "", null, []))], text);
        if (isChat)
        {
            return Shown([.. logprobs.GetProperty("content").EnumerateArray().Select(token => new ChatToken(
                token.GetProperty("id").GetInt32(), TextOf(token, "token"), token.GetProperty("logprob").GetDouble(),
                AlternativesOf(token.GetProperty("top_logprobs"))))], text);
        }

        JsonElement texts = logprobs.GetProperty("tokens"), values = logprobs.GetProperty("token_logprobs"),
            tops = logprobs.GetProperty("top_tokens");
        return Shown([.. ids.Take(texts.GetArrayLength()).Index().Select(id => new ChatToken(
            id.Item, texts[id.Index].GetString()!, values[id.Index].GetDouble(), AlternativesOf(tops[id.Index])))], text);
    }

    private static ChatAlternative[] AlternativesOf(JsonElement tokens) => [.. tokens.EnumerateArray().Select(token =>
        new ChatAlternative(
            token.GetProperty("id").GetInt32(), TextOf(token, "token"), token.GetProperty("logprob").GetDouble()))];

    /// <summary>
    /// A character may have several tokens, none of which is a text, and an end that is no text at all: then the first one
    /// shows what the chunk says.
    /// </summary>
    private static ChatToken[] Shown(ChatToken[] tokens, string text) =>
        string.Concat(tokens.Select(token => token.Text)) == text ? tokens
            : [.. tokens.Index().Select(token => token.Item with { Text = token.Index == 0 ? text : "" })];

    private static ChatFigures? FiguresOf(JsonElement chunk)
    {
        if (!chunk.TryGetProperty("usage", out JsonElement usage) || usage.ValueKind != JsonValueKind.Object
            || !chunk.TryGetProperty("timings", out JsonElement timings))
        {
            return null;
        }

        return new ChatFigures(usage.GetProperty("prompt_tokens").GetInt32(), timings.GetProperty("cache_n").GetInt32(),
            usage.GetProperty("completion_tokens").GetInt32(), timings.GetProperty("predicted_per_second").GetDouble(),
            timings.GetProperty("prompt_ms").GetDouble());
    }

    private static int[]? IdsOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array
            ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : null;

    private static string TextOf(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";
}
