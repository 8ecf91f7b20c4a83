namespace Seriatim.Training;

/// <summary>Whether a model that is trained further knows the ids of the recipe's tokenizer.</summary>
internal static class TokenizerCheck
{
    /// <summary>
    /// The first id that means something else in the tokenizer beside a model; null if there is none, or no tokenizer.
    /// </summary>
    public static string? FirstDifference(string modelFolder, Tokenizer tokenizer)
    {
        if (!File.Exists(Path.Combine(modelFolder, "tokenizer.json")))
            return null;
        Tokenizer own = Tokenizer.Load(modelFolder);
        for (int id = 0; id < Math.Min(own.VocabularySize, tokenizer.VocabularySize); id++)
        {
            string? theirs = Piece(own, id), ours = Piece(tokenizer, id);
            if (theirs != ours)
                return $"id {id} is {Quoted(ours)} here and {Quoted(theirs)} there";
        }

        return own.VocabularySize == tokenizer.VocabularySize ? null
            : $"it has {tokenizer.VocabularySize} ids, the other {own.VocabularySize}";
    }

    /// <summary>Vocabularies may have holes.</summary>
    private static string? Piece(Tokenizer tokenizer, int id)
    {
        try
        {
            return tokenizer.PieceOf(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static string Quoted(string? piece) => piece is null ? "nothing" : $"'{piece}'";
}
