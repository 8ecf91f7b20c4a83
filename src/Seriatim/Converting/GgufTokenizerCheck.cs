using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Compares the tokenizer that was written into a GGUF file with the one it was made from.</summary>
internal static class GgufTokenizerCheck
{
    /// <summary>What differs, in words; null if nothing does.</summary>
    /// <param name="source">The tokenizer of the folder.</param>
    /// <param name="back">The one read back; it may have more ids, unused ones.</param>
    /// <param name="kind">The value of <c>tokenizer.ggml.model</c>.</param>
    public static string? Difference(Tokenizer source, Tokenizer back, string kind) =>
        Pieces(source, back, kind) ?? AddedTokens(source, back) ?? Layout(source, back) ?? Ids(source, back, kind);

    private static string? Pieces(Tokenizer source, Tokenizer back, string kind)
    {
        for (int id = 0; id < source.VocabularySize; id++)
        {
            // WordPiece marks other pieces in a file; the ids of all pieces are compared below.
            if (source.TryGetPiece(id) is { } piece && kind != "bert" && back.TryGetPiece(id) != piece)
                return $"id {id} is \"{piece}\" here and \"{back.TryGetPiece(id)}\" in the file";
        }

        return null;
    }

    private static string? AddedTokens(Tokenizer source, Tokenizer back)
    {
        Dictionary<int, AddedToken> there = back.AddedTokens.ToDictionary(token => token.Id);
        foreach (AddedToken token in source.AddedTokens)
        {
            if (!there.TryGetValue(token.Id, out AddedToken? other))
                return $"the added token \"{token.Content}\" is none in the file";
            if (token.LeftStrip != other.LeftStrip || token.RightStrip != other.RightStrip)
                return $"the added token \"{token.Content}\" takes blanks beside it ({(token.LeftStrip ? "lstrip" : "rstrip")}), which the file cannot say";
            if (token.SingleWord)
                return $"the added token \"{token.Content}\" is found between words only (single_word), which the file cannot say";
        }

        return null;
    }

    private static string? Layout(Tokenizer source, Tokenizer back)
    {
        string here = Show(source, source.Encode(""));
        string there = Show(back, back.Encode(""));
        return here == there ? null : $"around a text stand {here} here and {there} in the file";
    }

    private static string? Ids(Tokenizer source, Tokenizer back, string kind)
    {
        foreach (string text in Texts(source, kind))
        {
            int[] here = source.Encode(text);
            int[] there = back.Encode(text);
            if (!here.AsSpan().SequenceEqual(there))
                return $"\"{text}\" is {Show(source, here)} here and {Show(back, there)} in the file";
        }

        return null;
    }

    /// <summary>The probe texts, and every piece as text, alone and behind a word.</summary>
    private static IEnumerable<string> Texts(Tokenizer source, string kind)
    {
        foreach (string text in GgufTokenizerExport.Probes)
            yield return text;
        var added = source.AddedTokens.Select(token => token.Id).ToHashSet();
        for (int id = 0; id < source.VocabularySize; id++)
        {
            // The spelling of the unknown token is no text that it stands for.
            if (added.Contains(id) || id == source.UnkId || source.TryGetPiece(id) is null)
                continue;
            string text = source.Decode([id]);

            // WordPiece gives up on words of more than a hundred characters; files have no such limit.
            if (text.Length is > 0 and < 100 || (text.Length > 0 && kind != "bert"))
                yield return "x " + text;
        }
    }

    private static string Show(Tokenizer tokenizer, int[] ids) =>
        $"[{string.Join(' ', ids.Take(12).Select(id => $"{id}:{tokenizer.TryGetPiece(id)}"))}{(ids.Length > 12 ? " ..." : "")}]";
}
