namespace Seriatim.Tokenizers;

/// <summary>Reads a <c>tokenizer.json</c> of the Hugging Face tokenizers library.</summary>
internal static class TokenizerJson
{
    /// <summary>Reads the file and, if given, the <c>tokenizer_config.json</c> beside it.</summary>
    /// <remarks>
    /// <c>truncation</c> and <c>padding</c> are settings of whoever wrote the file and are not applied: nothing is cut or padded
    /// unasked.
    /// </remarks>
    public static TokenizerPipeline Read(ReadOnlyMemory<byte> utf8, string file, TokenizerConfig? config)
    {
        SourceNode root = SourceNode.Parse(utf8, file);
        ITokenModel model = ModelReader.Read(root["model"]);
        AddedToken[] added = root["added_tokens"].Exists ? root["added_tokens"].Items().Select(token =>
            AddedTokenOf(token)).ToArray() : [];
        added = [.. AddedTokenMerger.Merge(added, config?.AddedTokens ?? [], model.Vocabulary, file)];
        int size = added.Aggregate(model.Vocabulary.Size, (most, token) => Math.Max(most, token.Id + 1));
        var pipeline = new TokenizerPipeline
        {
            Model = model,
            Normalizer = NormalizerReader.Read(root["normalizer"]),
            Pretokenizer = PretokenizerReader.Read(root["pre_tokenizer"]),
            PostProcessor = PostProcessorReader.Read(root["post_processor"], size),
            Decoder = DecoderReader.Read(root["decoder"]),
            AddedTokens = added,
        };
        return config is null ? pipeline : config.Apply(pipeline);
    }

    /// <summary>Reads one added token.</summary>
    public static AddedToken AddedTokenOf(SourceNode node) => AddedTokenOf(node, node["id"].Int());

    /// <summary>Reads one added token whose id stands elsewhere.</summary>
    public static AddedToken AddedTokenOf(SourceNode node, int id) => new()
    {
        Id = id is >= 0 and <= Vocabulary.MaxId ? id : throw node.Error($"id {id} is outside 0..{Vocabulary.MaxId}"),
        Content = node["content"].Text(),
        Special = node["special"].Flag(false),
        LeftStrip = node["lstrip"].Flag(false),
        RightStrip = node["rstrip"].Flag(false),
        SingleWord = node["single_word"].Flag(false),
        Normalized = node["normalized"].Flag(!node["special"].Flag(false)),
    };
}
