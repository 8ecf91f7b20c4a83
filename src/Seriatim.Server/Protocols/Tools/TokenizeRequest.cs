using Seriatim.Tokenizers;

namespace Seriatim.Server;

/// <summary>A request to <c>/tokenize</c>.</summary>
internal sealed class TokenizeRequest
{
    /// <summary>A conversation; without messages: there is none.</summary>
    public ChatJob Chat { get; } = new();

    public string? Text { get; set; }

    public EncodeOptions Options { get; set; } = new() { AddSpecialTokens = false };

    public bool WithPieces { get; set; }

    public bool WithStrings { get; set; }
}
