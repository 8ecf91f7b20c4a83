namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>normalizer</c> of a <c>tokenizer.json</c>.</summary>
internal static class NormalizerReader
{
    /// <summary>Reads a normalizer; null for none.</summary>
    public static INormalizer? Read(SourceNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        string type = node["type"].Text();
        switch (type)
        {
            case "Sequence":
                return new SequenceNormalizer(node["normalizers"].Items().Select(Read).OfType<INormalizer>().ToArray());
            case "NFC":
                return new UnicodeNormalizer(compose: true, compatibility: false);
            case "NFD":
                return new UnicodeNormalizer(compose: false, compatibility: false);
            case "NFKC":
                return new UnicodeNormalizer(compose: true, compatibility: true);
            case "NFKD":
                return new UnicodeNormalizer(compose: false, compatibility: true);
            case "Lowercase":
                return new LowercaseNormalizer();
            case "StripAccents":
                return new StripAccentsNormalizer();
            case "Strip":
                return new StripNormalizer(node["strip_left"].Flag(true), node["strip_right"].Flag(true));
            case "Prepend":
                return new PrependNormalizer(node["prepend"].Text());
            case "Replace":
                return new ReplaceNormalizer(PatternReader.Read(node["pattern"]), node["content"].Text());
            case "Nmt":
                return new NmtNormalizer();
            case "ByteLevel":
                return new ByteLevelNormalizer();
            case "BertNormalizer":
                bool lowercase = node["lowercase"].Flag(true);
                return new BertNormalizer(node["clean_text"].Flag(true), node["handle_chinese_chars"].Flag(true),
                    node["strip_accents"].Flag(lowercase), lowercase);
            case "Precompiled":
                return Charsmap(node["precompiled_charsmap"]);
            default:
                throw node.Unknown("normalizer", type);
        }
    }

    private static CharsmapNormalizer? Charsmap(SourceNode node)
    {
        if (!node.Exists || node.Text().Length == 0)
        {
            return null;
        }

        return node.Element.TryGetBytesFromBase64(out byte[]? map)
            ? new CharsmapNormalizer(map, node.File, node.Path, byGrapheme: true) : throw node.Error("is not base64");
    }
}
