using Seriatim.Tokenizers;

namespace Seriatim.Inspection;

/// <summary>A text as a model reads it.</summary>
public sealed record Specimen
{
    /// <summary>The text; for a model with an encoder and a decoder that of the decoder.</summary>
    public required string Text { get; init; }

    /// <summary>Its tokens, with those that the model begins with.</summary>
    public required IReadOnlyList<TextToken> Tokens { get; init; }

    /// <summary>How many tokens the decoder begins with that are no part of the text: its start.</summary>
    public int Start { get; init; }

    /// <summary>The encoder's text, for a model with an encoder and a decoder; else null.</summary>
    public string? Source { get; init; }

    /// <summary>The encoder's tokens; else empty.</summary>
    public IReadOnlyList<TextToken> SourceTokens { get; init; } = [];

    internal int[] Ids => [.. Tokens.Select(token => token.Id)];

    internal int[] SourceIds => [.. SourceTokens.Select(token => token.Id)];

    internal static IReadOnlyList<TextToken> TokensOf(Tokenizer tokenizer, IReadOnlyList<int> ids)
    {
        var tokens = new TextToken[ids.Count];
        TokenDecoder decoder = tokenizer.CreateDecoder(skipSpecialTokens: false);
        for (int i = 0; i < tokens.Length; i++)
            tokens[i] = TokenOf(tokenizer, decoder, i, ids[i]);
        return tokens;
    }

    internal static TextToken TokenOf(Tokenizer tokenizer, TokenDecoder decoder, int position, int id)
    {
        if (!tokenizer.TryGetBytes(id, out byte[]? bytes))
            return new TextToken(position, id, $"#{id}", "", [], false);
        string text = decoder.Append(id);
        return new TextToken(position, id, tokenizer.PieceOf(id), text, bytes, tokenizer.IsSpecial(id));
    }
}
