namespace Seriatim.Tokenizers;

/// <summary>Reads GPT-2's pair of files: <c>vocab.json</c> and <c>merges.txt</c>.</summary>
internal static class BpeFiles
{
    /// <summary>Reads the files of a folder.</summary>
    public static TokenizerPipeline Read(string folder, TokenizerConfig? config)
    {
        string vocabularyFile = Path.Combine(folder, "vocab.json");
        string mergesFile = Path.Combine(folder, "merges.txt");
        foreach (string file in new[] { vocabularyFile, mergesFile })
        {
            if (!File.Exists(file))
            {
                throw new FileNotFoundException($"{file} is missing; vocab.json and merges.txt come as a pair.", file);
            }
        }

        var entries = new List<KeyValuePair<string, int>>();
        foreach ((string piece, JsonNode id) in JsonNode.Parse(File.ReadAllBytes(vocabularyFile), vocabularyFile).Members())
        {
            entries.Add(new(piece, id.Int()));
        }

        var vocabulary = new Vocabulary(entries, vocabularyFile, "vocabulary");
        var merges = new List<(string, string)>();
        int number = 0;
        foreach (string line in File.ReadLines(mergesFile))
        {
            number++;
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal))
            {
                continue;
            }

            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right)
                : throw new TokenizerFormatException(mergesFile, $"line {number}",
                    $"\"{line}\" must be two pieces with one blank between them; download the file again."));
        }

        int? end = vocabulary.TryGetId("<|endoftext|>", out int id2) ? id2 : null;
        bool roberta = config?.Class.StartsWith("Roberta", StringComparison.Ordinal) == true;
        var pipeline = new TokenizerPipeline
        {
            Model = BpeBuilder.FromPairs(vocabulary, merges, new BpeOptions(), lastWins: true, strict: true, mergesFile),
            Pretokenizer = new ByteLevelPretokenizer(config?.AddPrefixSpace ?? false, useRegex: true),
            Decoder = new ByteLevelDecoder(),
            AddedTokens = Added(vocabulary, config),
            SpecialTokens = new SpecialTokens { Bos = end, Eos = end, Unk = end },
        };
        pipeline = config is null ? pipeline : config.Apply(pipeline);
        return roberta && pipeline.SpecialTokens is { Cls: { } cls, Sep: { } sep }
            ? pipeline with { PostProcessor = PostProcessor.Roberta(cls, sep, trimOffsets: true) } : pipeline;
    }

    private static List<AddedToken> Added(Vocabulary vocabulary, TokenizerConfig? config)
    {
        var added = new List<AddedToken>(config?.AddedTokens ?? []);
        var roles = new[] { "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token" };
        foreach (string content in roles.Select(role =>
            config?.TokenOf(role)).Append("<|endoftext|>").OfType<string>().Distinct())
        {
            if (added.All(token => token.Content != content) && vocabulary.TryGetId(content, out int id))
            {
                added.Add(new AddedToken { Id = id, Content = content, Special = true, LeftStrip = content == "<mask>" });
            }
        }

        return added;
    }
}
