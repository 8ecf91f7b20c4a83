namespace Seriatim.Tokenizers;

/// <summary>Reads the pair <c>vocab.json</c> and <c>merges.txt</c> by the class that is named beside it.</summary>
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

        Vocabulary vocabulary = ReadVocabulary(vocabularyFile);
        BpeClass kind = BpeClass.Of(config, vocabulary, folder);
        string? TokenOf(string role) => config?.TokenOf(role) ?? kind.Roles.GetValueOrDefault(role);
        List<AddedToken> added = Added(vocabulary, config, TokenOf);
        int? IdOf(string role) => TokenOf(role) is not { } content ? null
            : vocabulary.TryGetId(content, out int id) ? id : added.Find(token => token.Content == content)?.Id;

        var roles = new SpecialTokens
        {
            Bos = IdOf("bos_token"),
            Eos = IdOf("eos_token"),
            Unk = IdOf("unk_token"),
            Pad = IdOf("pad_token"),
            Sep = IdOf("sep_token"),
            Cls = IdOf("cls_token"),
            Mask = IdOf("mask_token"),
        };
        var options = new BpeOptions { Suffix = kind.Suffix, UnkId = kind.Suffix.Length > 0 ? roles.Unk : null };
        var pipeline = new TokenizerPipeline
        {
            Model = BpeBuilder.FromPairs(vocabulary, ReadMerges(mergesFile), options, lastWins: true, strict: true, mergesFile),
            Normalizer = kind.Normalizer,
            Pretokenizer = kind.Pretokenizer(config?.AddPrefixSpace ?? kind.AddPrefixSpace),
            Decoder = kind.Decoder(),
            AddedTokens = added,
            SpecialTokens = roles,
        };
        pipeline = config is null ? pipeline : config.Apply(pipeline);
        return pipeline with
        {
            PostProcessor = kind.Layout is { } layout
                ? layout(roles) ?? throw new TokenizerFormatException(vocabularyFile, "special tokens",
                    $"{config?.Class ?? kind.Names[0]} puts tokens around a text that the vocabulary does not have; check "
                    + "bos_token, eos_token, cls_token and sep_token in special_tokens_map.json.")
                : PostProcessor.Around(Flagged(config?.AddBos ?? kind.AddBos, roles.Bos, "add_bos_token", vocabularyFile),
                    Flagged(config?.AddEos ?? false, roles.Eos, "add_eos_token", vocabularyFile)),
        };
    }

    /// <summary>Reads a <c>vocab.json</c>.</summary>
    public static Vocabulary ReadVocabulary(string file)
    {
        var entries = new List<KeyValuePair<string, int>>();
        foreach ((string piece, SourceNode id) in SourceNode.Parse(TokenizerFiles.ReadBytes(file), file).Members())
        {
            entries.Add(new(piece, id.Int()));
        }

        return new Vocabulary(entries, file, "vocabulary");
    }

    private static int[] Flagged(bool asked, int? id, string flag, string file) => !asked ? []
        : id is { } token ? [token]
        : throw new TokenizerFormatException(file, flag,
            "is true, but the vocabulary has no such token; correct tokenizer_config.json.");

    private static List<(string, string)> ReadMerges(string file)
    {
        var merges = new List<(string, string)>();
        int number = 0;
        using var reader = new StreamReader(new MemoryStream(TokenizerFiles.ReadBytes(file)));
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (line.Length == 0 || (number == 1 && line.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }

            merges.Add(line.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right] ? (left, right)
                : throw new TokenizerFormatException(file, $"line {number}",
                    $"\"{line}\" must be two pieces with one blank between them; download the file again."));
        }

        return merges;
    }

    private static List<AddedToken> Added(Vocabulary vocabulary, TokenizerConfig? config, Func<string, string?> tokenOf)
    {
        var added = new List<AddedToken>(config?.AddedTokens ?? []);
        foreach (string role in TokenizerConfig.RoleNames)
        {
            if (tokenOf(role) is { } content && added.All(token => token.Content != content)
                && vocabulary.TryGetId(content, out int id))
            {
                AddedToken token = new() { Id = id, Content = content, Special = true, LeftStrip = role == "mask_token" };
                added.Add(config?.WithFlags(token) ?? token);
            }
        }

        foreach (string content in config?.MoreSpecial ?? [])
        {
            if (added.All(token => token.Content != content) && vocabulary.TryGetId(content, out int id))
            {
                added.Add(config!.WithFlags(new AddedToken { Id = id, Content = content, Special = true }));
            }
        }

        return added;
    }
}
