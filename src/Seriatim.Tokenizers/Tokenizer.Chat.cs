namespace Seriatim.Tokenizers;

/// <content>Conversations.</content>
public sealed partial class Tokenizer
{
    /// <summary>Names of the chat templates the tokenizer came with; the main one is <c>default</c>.</summary>
    public IEnumerable<string> ChatTemplateNames => _pipeline.NamedChatTemplates.Keys;

    /// <summary>Finds a chat template by name (<c>default</c>, <c>tool_use</c>, ...), or null.</summary>
    public ChatTemplate? FindChatTemplate(string name) =>
        _pipeline.NamedChatTemplates.TryGetValue(name, out string? source) ? new ChatTemplate(source) : null;

    /// <summary>
    /// Turns a conversation into the prompt the model was trained on. Encode the result without adding special tokens: the
    /// template
    /// wrote them.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="addGenerationPrompt">End with the opening of the answer.</param>
    /// <param name="template">A template to use instead of the tokenizer's own.</param>
    /// <param name="variables">More variables for the template, such as <c>tools</c>.</param>
    /// <exception cref="ChatTemplateException">There is no template, or it refuses the conversation.</exception>
    public string ApplyChatTemplate(IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt = true,
        ChatTemplate? template = null,
        IReadOnlyDictionary<string, object?>? variables = null)
    {
        template ??= ChatTemplate ?? throw new ChatTemplateException(
            "This tokenizer came without a chat template, so it cannot tell how the model wants a conversation written. Pass one "
            + "(template: new ChatTemplate(File.ReadAllText(\"chat_template.jinja\"))), put chat_template.jinja beside "
            + "tokenizer.json, or write the prompt yourself.");
        var all = new Dictionary<string, object?>(StringComparer.Ordinal);
        SpecialTokens roles = SpecialTokens;
        foreach ((string name, int? id) in new[]
        {
            ("bos_token", roles.Bos), ("eos_token", roles.Eos), ("unk_token", UnkId), ("pad_token", roles.Pad),
            ("sep_token", roles.Sep), ("cls_token", roles.Cls), ("mask_token", roles.Mask),
        })
        {
            if (id is { } token)
            {
                all[name] = PieceOf(token);
            }
        }

        foreach ((string name, object? value) in variables ?? new Dictionary<string, object?>())
        {
            all[name] = value;
        }

        return template.Render(messages, addGenerationPrompt, all);
    }
}
