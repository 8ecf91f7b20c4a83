using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>A message while it is read.</summary>
internal sealed class ChatMessageDraft
{
    public string Role { get; set; } = "";

    public string? Content { get; set; }

    public Dictionary<string, object?> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>The message as a turn of a template.</summary>
    public ChatTurn Turn(FieldValue place)
    {
        if (Content is null && !(Role == "assistant" && Fields.ContainsKey("tool_calls")))
        {
            throw ApiException.Invalid($"{place.Path}.content is missing; a text is needed.", $"{place.Path}.content",
                "missing_field");
        }

        if (Role != "assistant" && Fields.ContainsKey("tool_calls"))
            throw Misplaced(place, "tool_calls", "assistant");
        if (Role != "assistant" && Fields.ContainsKey(ChatJob.Reasoning))
            throw Misplaced(place, ChatJob.Reasoning, "assistant");
        if (Role != "tool" && Fields.ContainsKey("tool_call_id"))
            throw Misplaced(place, "tool_call_id", "tool");
        return new ChatTurn(Role, Content) { Fields = Fields };
    }

    private static ApiException Misplaced(FieldValue place, string field, string role) => ApiException.Invalid(
        $"{place.Path}.{field} belongs to messages of the role {role}.", $"{place.Path}.{field}", "invalid_value");
}
