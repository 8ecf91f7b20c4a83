namespace Seriatim.Tokenizers;

/// <summary>
/// Reads the official folders of Marian models: <c>source.spm</c> spells, <c>vocab.json</c> numbers the pieces, and what comes
/// out is written with the pieces of <c>target.spm</c>, which <c>vocab.json</c> holds as well.
/// </summary>
internal static class MarianFiles
{
    /// <summary>Reads the files of a folder.</summary>
    public static TokenizerPipeline Read(string folder, TokenizerConfig? config)
    {
        string source = Path.Combine(folder, "source.spm");
        string target = Path.Combine(folder, "target.spm");
        string vocabularyFile = Path.Combine(folder, "vocab.json");
        foreach (string file in new[] { target, vocabularyFile })
        {
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"{file} is missing; source.spm, target.spm and vocab.json come together.", file);
            }
        }

        if (File.Exists(Path.Combine(folder, "target_vocab.json")))
        {
            throw new TokenizerFormatException(folder, "target_vocab.json",
                "two vocabularies with numbers of their own are not supported; use a model whose sides share vocab.json.");
        }

        // The target side only has to be a SentencePiece model: its pieces are plain text with visible spaces.
        SentencePiece.Read(TokenizerFiles.ReadBytes(target), target, null);
        TokenizerPipeline spelling = SentencePiece.Read(TokenizerFiles.ReadBytes(source), source, null);
        Vocabulary vocabulary = BpeFiles.ReadVocabulary(vocabularyFile);
        int IdOf(string role, string usual) => vocabulary.TryGetId(config?.TokenOf(role) ?? usual, out int id) ? id
            : throw new TokenizerFormatException(vocabularyFile, role,
                $"\"{config?.TokenOf(role) ?? usual}\" is not in the vocabulary; "
                    + "the three files must come from the same model.");
        var roles = new SpecialTokens
        {
            Eos = IdOf("eos_token", "</s>"),
            Unk = IdOf("unk_token", "<unk>"),
            Pad = IdOf("pad_token", "<pad>"),
        };
        AddedToken Special(int id, string content) => new() { Id = id, Content = content, Special = true };
        var added = new[] { roles.Eos, roles.Unk, roles.Pad }.OfType<int>().Distinct()
            .Select(id => Special(id, vocabulary.TryGetPiece(id, out string? piece) ? piece : "")).ToList();

        // The language of the answer is asked for in front of the text.
        added.AddRange(vocabulary.Entries.Where(entry => entry.Key.StartsWith(">>", StringComparison.Ordinal)
            && entry.Key.EndsWith("<<", StringComparison.Ordinal)).Select(entry => Special(entry.Value, entry.Key)));
        var pipeline = new TokenizerPipeline
        {
            Model = new RenumberedModel(spelling.Model, vocabulary, roles.Unk!.Value),
            Normalizer = spelling.Normalizer,
            Decoder = new SequenceDecoder([new ReplaceDecoder(new LiteralPattern("\u2581"), " "), new FuseDecoder(),
                new StripDecoder(' ', int.MaxValue, int.MaxValue)]),
            PostProcessor = PostProcessor.Around([], [roles.Eos!.Value]),
            AddedTokens = AddedTokenMerger.Merge(added, config?.AddedTokens ?? [], vocabulary, vocabularyFile),
            SpecialTokens = roles,
        };
        return config is null ? pipeline : config.Apply(pipeline);
    }
}
