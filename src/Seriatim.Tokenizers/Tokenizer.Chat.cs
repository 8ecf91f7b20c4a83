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
    /// Turns a conversation into the prompt the model was trained on, to be looked at.
    /// <see cref="EncodeChat(IReadOnlyList{ChatTurn}, ChatPromptOptions?)"/> gives its tokens, and knows which special tokens are
    /// the template's own and which only stand in a message.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">Template, tools and variables; null for the defaults.</param>
    /// <exception cref="ChatTemplateException">There is no template, or it refuses the conversation.</exception>
    public string ApplyChatTemplate(IReadOnlyList<ChatTurn> messages, ChatPromptOptions? options = null)
    {
        options ??= ChatPromptOptions.Default;
        return TemplateOf(options).Render(messages, options.AddGenerationPrompt, VariablesOf(options));
    }

    /// <summary>
    /// Turns a conversation into the tokens of the prompt the model was trained on. What is written in a message is text, even if
    /// it looks like a special token, unless <see cref="ChatPromptOptions.ParseSpecialTokens"/> says otherwise.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">Template, tools and variables; null for the defaults.</param>
    /// <exception cref="ChatTemplateException">There is no template, or it refuses the conversation.</exception>
    public int[] EncodeChat(IReadOnlyList<ChatTurn> messages, ChatPromptOptions? options = null) =>
        EncodeChat(messages, options ?? ChatPromptOptions.Default, addSpecialTokens: false);

    /// <summary>As the public method; with what the post-processor adds, where a template is not trusted to write it.</summary>
    internal int[] EncodeChat(IReadOnlyList<ChatTurn> messages, ChatPromptOptions options, bool addSpecialTokens)
    {
        GuardedPrompt prompt = options.ParseSpecialTokens
            ? new GuardedPrompt(ApplyChatTemplate(messages, options), [])
            : TemplateOf(options).Render(messages, options.AddGenerationPrompt, VariablesOf(options), _added.Tokens);
        return Encode(prompt.Text, EncodeOptions.Default with { AddSpecialTokens = addSpecialTokens },
            prompt.PlainStarts.Count == 0 ? null : prompt.IsPlain);
    }

    private ChatTemplate TemplateOf(ChatPromptOptions options) => options.Template ?? ChatTemplate
        ?? throw new ChatTemplateException(
            "This tokenizer came without a chat template, so it cannot tell how the model wants a conversation written. Pass one "
            + "(Template = new ChatTemplate(File.ReadAllText(\"chat_template.jinja\"))), put chat_template.jinja beside "
            + "tokenizer.json, or write the prompt yourself.");

    private Dictionary<string, object?> VariablesOf(ChatPromptOptions options)
    {
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

        if (options.Tools.Count > 0)
            all["tools"] = options.Tools.Select(tool => (object?)tool.Definition).ToList();
        foreach ((string name, object? value) in options.Variables)
        {
            all[name] = value;
        }

        return all;
    }
}
