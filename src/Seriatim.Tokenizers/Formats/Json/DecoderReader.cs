namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>decoder</c> of a <c>tokenizer.json</c>.</summary>
internal static class DecoderReader
{
    /// <summary>Reads a decoder; without one tokens are joined with blanks.</summary>
    public static IDecoder Read(SourceNode node)
    {
        if (!node.Exists)
        {
            return new JoinDecoder();
        }

        string type = node["type"].Text();
        switch (type)
        {
            case "Sequence":
                return new SequenceDecoder(node["decoders"].Items().Select(Read).ToArray());
            case "ByteLevel":
                return new ByteLevelDecoder();
            case "ByteFallback":
                return new ByteFallbackDecoder();
            case "Fuse":
                return new FuseDecoder();
            case "Replace":
                return new ReplaceDecoder(PatternReader.Read(node["pattern"]), node["content"].Text());
            case "Strip":
                return new StripDecoder(node["content"].Char(' '), Math.Max(0, node["start"].Int(0)), Math.Max(0,
                    node["stop"].Int(0)));
            case "Metaspace":
                return new MetaspaceDecoder(node["replacement"].Char('\u2581'),
                    PretokenizerReader.Scheme(node) != PrependScheme.Never);
            case "WordPiece":
                return new WordPieceDecoder(node["prefix"].Text("##"), node["cleanup"].Flag(true));
            case "BPEDecoder":
                return new SuffixDecoder(node["suffix"].Text("</w>"));
            default:
                throw node.Unknown("decoder", type);
        }
    }
}
