using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>Reads BERT's <c>vocab.txt</c>: one piece a line, its line is its id.</summary>
internal static class WordPieceFile
{
    /// <summary>Reads a file.</summary>
    public static TokenizerPipeline Read(ReadOnlySpan<byte> bytes, string file, TokenizerConfig? config)
    {
        string[] lines = Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n');
        int count = lines.Length > 0 && lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        var entries = new KeyValuePair<string, int>[count];
        for (int i = 0; i < count; i++)
        {
            entries[i] = new(lines[i].TrimEnd('\r'), i);
        }

        var vocabulary = new Vocabulary(entries, file, "lines");
        int? Id(string role, string usual) => vocabulary.TryGetId(config?.TokenOf(role) ?? usual, out int id) ? id : null;
        var roles = new SpecialTokens
        {
            Unk = Id("unk_token", "[UNK]"),
            Cls = Id("cls_token", "[CLS]"),
            Sep = Id("sep_token", "[SEP]"),
            Pad = Id("pad_token", "[PAD]"),
            Mask = Id("mask_token", "[MASK]"),
        };
        int unk = roles.Unk ?? throw new TokenizerFormatException(file, "[UNK]",
            "the vocabulary has no unknown token; this is not a WordPiece vocabulary, or tokenizer_config.json "
                + "has to name unk_token.");

        // Without a config the vocabulary tells: one that has upper-case pieces is cased.
        bool lowercase = config?.Lowercase ?? !entries.Any(entry => !entry.Key.StartsWith('[')
            && entry.Key.Any(char.IsAsciiLetterUpper));
        var added = new[] { roles.Unk, roles.Cls, roles.Sep, roles.Pad, roles.Mask }.OfType<int>().Distinct()
            .Select(id => new AddedToken { Id = id, Content = entries[id].Key, Special = true });
        return new TokenizerPipeline
        {
            Model = new WordPieceModel(vocabulary, unk, "##", "", 100),
            Normalizer = new BertNormalizer(true, config?.PadIdeographs ?? true, config?.StripAccents ?? lowercase, lowercase),
            Pretokenizer = new SequencePretokenizer(
                [ClassPretokenizer.WhitespaceSplit, new ClassPretokenizer(ClassPretokenizer.IsPunctuation,
                    SplitBehavior.Isolated)]),
            Decoder = new WordPieceDecoder("##", true),
            PostProcessor = roles is { Cls: { } cls, Sep: { } sep } ? PostProcessor.Bert(cls, sep) : PostProcessor.None,
            AddedTokens = [.. added],
            SpecialTokens = roles,
        };
    }
}
