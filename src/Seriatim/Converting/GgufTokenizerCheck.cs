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
            {
                return $"the added token \"{token.Content}\" takes blanks beside it ({(token.LeftStrip ? "lstrip" : "rstrip")}), "
                    + "which the file cannot say";
            }
            if (token.SingleWord)
            {
                return $"the added token \"{token.Content}\" is found between words only (single_word), which "
                    + "the file cannot say";
            }
            foreach (string text in (ReadOnlySpan<string>)[$"{token.Content}Hello", $"x {token.Content} y"])
            {
                if (IdsOf(text, source, back) is { } difference)
                    return difference;
            }
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
        foreach (string text in GgufTokenizerExport.Probes)
        {
            if (IdsOf(text, source, back) is { } difference)
                return difference;
        }

        // A vocabulary has up to 260,000 pieces. Whatever the threads do, the difference named is that of the smallest id.
        var added = source.AddedTokens.Select(token => token.Id).ToHashSet();
        ParallelLoopResult loop = Parallel.For(0, source.VocabularySize, (id, state) =>
        {
            if (!added.Contains(id) && AsText(source, id, kind) is { } text && IdsOf(text, source, back) is not null)
                state.Break();
        });
        return loop.LowestBreakIteration is { } first && AsText(source, (int)first, kind) is { } wrong
            ? IdsOf(wrong, source, back)
            : null;
    }

    private static string? IdsOf(string text, Tokenizer source, Tokenizer back)
    {
        int[] here = source.Encode(text);
        int[] there = back.Encode(text);
        if (here.AsSpan().SequenceEqual(there))
            return null;
        int from = Math.Max(0, here.AsSpan().CommonPrefixLength(there) - 2);
        return $"\"{text}\" is {Show(source, here, from)} here and {Show(back, there, from)} in the file";
    }

    /// <summary>A piece as text, behind a word; null for what no text stands for.</summary>
    private static string? AsText(Tokenizer source, int id, string kind)
    {
        // The spelling of the unknown token is no text that it stands for.
        if (id == source.UnkId || source.TryGetPiece(id) is null)
            return null;
        string text = source.Decode([id]);

        // WordPiece gives up on words of more than a hundred characters; files have no such limit.
        return text.Length == 0 || (text.Length >= 100 && kind == "bert") ? null : "x " + text;
    }

    /// <summary>Twelve tokens, from a little before the first that differs.</summary>
    private static string Show(Tokenizer tokenizer, int[] ids, int from = 0) =>
        $"[{(from > 0 ? "... " : "")}"
            + $"{string.Join(' ', ids.Skip(from).Take(12).Select(id => $"{id}:{tokenizer.TryGetPiece(id)}"))}"
            + $"{(ids.Length > from + 12 ? " ..." : "")}]";
}
