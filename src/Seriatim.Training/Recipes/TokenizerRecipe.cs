namespace Seriatim.Training;

/// <summary>A vocabulary to be trained on the training files of a recipe.</summary>
/// <param name="Options">Kind, size, special tokens.</param>
public sealed record TokenizerRecipe(TrainerOptions Options)
{
    /// <summary>Trains the vocabulary and writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>.</summary>
    /// <param name="files">The data; sources with their prefixes, and targets.</param>
    /// <param name="path">The tokenizer's file, called <c>tokenizer.json</c>.</param>
    /// <param name="bad">Counts the lines that hold no example.</param>
    /// <param name="cancellation">Stops the training.</param>
    /// <exception cref="RecipeException">The file has another name.</exception>
    public void Train(IEnumerable<DataFile> files, string path, BadLines bad, CancellationToken cancellation)
    {
        if (Path.GetFileName(path) != "tokenizer.json")
            throw new RecipeException($"train_tokenizer writes a file called tokenizer.json, not {Path.GetFileName(path)}.");
        IEnumerable<string> texts = files.SelectMany(file => DataReader.Read(file, bad))
            .SelectMany(record => record.Target is { } target ? (string[])[record.Source, target] : [record.Source]);
        TrainedTokenizer trained = TokenizerTrainer.Train(texts, Options, cancellation);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        trained.Save(Path.GetDirectoryName(path)!);
    }

    internal static TokenizerRecipe Read(RecipeReader reader)
    {
        TrainerModel model = reader.OneOf("type", TrainerModel.ByteLevelBpe, ("byte_level_bpe", TrainerModel.ByteLevelBpe),
            ("byte_fallback_bpe", TrainerModel.ByteFallbackBpe), ("unigram", TrainerModel.Unigram),
            ("word_piece", TrainerModel.WordPiece));
        var options = new TrainerOptions
        {
            Model = model,
            VocabularySize = (int)reader.Whole("vocab_size", 16_000, 2),
            SpecialTokens = reader.Has("special_tokens") ? reader.Texts("special_tokens") : null,
            AddedTokens = reader.Texts("added_tokens"),
            AddBos = reader.Flag("add_bos", false),
            AddEos = reader.Flag("add_eos", false),
        };
        reader.Complete();
        return new TokenizerRecipe(options);
    }
}
