namespace Seriatim.Tokenizers;

/// <summary>The chat template a tokenizer came with.</summary>
public sealed class ChatTemplate
{
    internal ChatTemplate(string source) => Source = source;

    /// <summary>The source of the template, in Jinja.</summary>
    public string Source { get; }
}
