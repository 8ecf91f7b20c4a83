using System.Text.Json.Nodes;

namespace Seriatim.Web.Chat;

/// <summary>The requests that the view sends, as anybody can send them: the export shows the very same.</summary>
internal static class ChatRequests
{
    /// <summary>Alternatives that are asked for at each place.</summary>
    public const int Alternatives = 8;

    public const string Chat = "v1/chat/completions", Text = "v1/completions";

    /// <summary>For a model with a chat template.</summary>
    public static JsonObject OfChat(ChatSettings settings, IEnumerable<ChatTurn> said)
    {
        JsonObject body = Begin(settings);
        body["messages"] = Messages(settings, said);
        body["logprobs"] = true;
        body["top_logprobs"] = Alternatives;
        return Stream(body);
    }

    /// <summary>For a model that goes on with texts.</summary>
    public static JsonObject OfText(ChatSettings settings, IEnumerable<ChatTurn> said) =>
        OfPrompt(settings, JsonValue.Create(TextOf(said)));

    /// <summary>Goes on with tokens, whatever they mean.</summary>
    public static JsonObject OfIds(ChatSettings settings, IEnumerable<int> ids, int forced)
    {
        JsonObject body = OfPrompt(settings, new JsonArray([.. ids.Select(id => (JsonNode)id)]));
        if (settings.MaxTokens is { } most)
            body["max_tokens"] = Math.Max(1, most - forced);
        return body;
    }

    /// <summary>A conversation as the API has it.</summary>
    public static JsonArray Messages(ChatSettings settings, IEnumerable<ChatTurn> said)
    {
        var messages = new JsonArray();
        if (settings.System.Trim().Length > 0)
            messages.Add(Message("system", settings.System));
        foreach (ChatTurn turn in said)
            messages.Add(Message(turn.IsAnswer ? "assistant" : "user", turn.Text));
        return messages;
    }

    /// <summary>What was said as one text; a blank stands between what would run together.</summary>
    public static string TextOf(IEnumerable<ChatTurn> said)
    {
        string all = "";
        foreach (ChatTurn turn in said)
        {
            string text = turn.Text;
            bool meet = all.Length > 0 && text.Length > 0 && char.IsAscii(all[^1]) && char.IsAscii(text[0])
                && !char.IsWhiteSpace(all[^1]) && !turn.IsAnswer && char.IsLetterOrDigit(text[0]);
            all += meet ? " " + text : text;
        }

        return all;
    }

    private static JsonObject OfPrompt(ChatSettings settings, JsonNode prompt)
    {
        JsonObject body = Begin(settings);
        body["prompt"] = prompt;
        body["logprobs"] = Alternatives;
        return Stream(body);
    }

    private static JsonObject Begin(ChatSettings settings)
    {
        var body = new JsonObject { ["model"] = settings.Model };
        Set("temperature", settings.Temperature);
        Set("top_p", settings.TopP);
        Set("top_k", settings.TopK);
        Set("min_p", settings.MinP);
        Set("repetition_penalty", settings.RepetitionPenalty);
        Set("max_tokens", settings.MaxTokens);
        Set("seed", settings.Seed);
        return body;

        void Set<T>(string name, T? value)
            where T : struct
        {
            if (value is { } said)
                body[name] = JsonValue.Create(said);
        }
    }

    private static JsonObject Stream(JsonObject body)
    {
        body["return_token_ids"] = true;
        body["stream"] = true;
        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        return body;
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
