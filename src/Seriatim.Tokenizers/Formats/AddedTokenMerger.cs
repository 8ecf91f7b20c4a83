namespace Seriatim.Tokenizers;

/// <summary>
/// Puts the added tokens of <c>tokenizer_config.json</c> and <c>added_tokens.json</c> to those a tokenizer has.
/// </summary>
internal static class AddedTokenMerger
{
    /// <summary>
    /// Both lists as one. Of a token in both the flags of the second count, as in transformers.
    /// </summary>
    /// <exception cref="TokenizerFormatException">The two give one id to two tokens, or two ids to one.</exception>
    public static IReadOnlyList<AddedToken> Merge(IReadOnlyList<AddedToken> own, IReadOnlyList<AddedToken> more,
        Vocabulary vocabulary, string file)
    {
        if (more.Count == 0)
        {
            return own;
        }

        var merged = new List<AddedToken>(own);
        var places = new Dictionary<int, int>();
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < merged.Count; i++)
        {
            places[merged[i].Id] = i;
            ids[merged[i].Content] = merged[i].Id;
        }

        foreach (AddedToken token in more)
        {
            bool known = places.TryGetValue(token.Id, out int place);
            string? here = known ? merged[place].Content : vocabulary.TryGetPiece(token.Id, out string? piece) ? piece : null;
            if (here is not null && here != token.Content)
            {
                throw Conflict(file, $"id {token.Id} is \"{here}\" in the tokenizer, but \"{token.Content}\"");
            }

            if ((ids.TryGetValue(token.Content, out int id) || vocabulary.TryGetId(token.Content, out id)) && id != token.Id)
            {
                throw Conflict(file, $"\"{token.Content}\" has id {id} in the tokenizer, but {token.Id}");
            }

            if (known)
            {
                merged[place] = token;
                continue;
            }

            places[token.Id] = merged.Count;
            ids[token.Content] = token.Id;
            merged.Add(token);
        }

        return merged;
    }

    private static TokenizerFormatException Conflict(string file, string what) => new(file, "added_tokens",
        $"{what} in tokenizer_config.json or added_tokens.json beside it; the files must come from the same model.");
}
