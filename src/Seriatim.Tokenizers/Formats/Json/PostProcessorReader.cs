namespace Seriatim.Tokenizers;

/// <summary>Reads the <c>post_processor</c> of a <c>tokenizer.json</c>.</summary>
internal static class PostProcessorReader
{
    /// <summary>Reads a post-processor.</summary>
    /// <param name="node">The JSON.</param>
    /// <param name="vocabularySize">Ids have to be below it.</param>
    public static PostProcessor Read(SourceNode node, int vocabularySize)
    {
        if (!node.Exists)
        {
            return PostProcessor.None;
        }

        string type = node["type"].Text();
        switch (type)
        {
            case "ByteLevel":
                return PostProcessor.None with { TrimOffsets = node["trim_offsets"].Flag(true) };
            case "TemplateProcessing":
                return Template(node, vocabularySize);
            case "BertProcessing":
                return PostProcessor.Bert(TokenId(node["cls"], vocabularySize), TokenId(node["sep"], vocabularySize));
            case "RobertaProcessing":
                return PostProcessor.Roberta(TokenId(node["cls"], vocabularySize), TokenId(node["sep"], vocabularySize),
                    node["trim_offsets"].Flag(true));
            case "Sequence":
                return Sequence(node, vocabularySize);
            default:
                throw node.Unknown("post-processor", type);
        }
    }

    private static PostProcessor Sequence(SourceNode node, int vocabularySize)
    {
        PostProcessor result = PostProcessor.None;
        bool laidOut = false;
        foreach (SourceNode item in node["processors"].Items())
        {
            PostProcessor next = Read(item, vocabularySize);
            bool lays = !ReferenceEquals(next.Single, PostProcessor.None.Single);
            if (lays && laidOut)
            {
                throw item.Error("a second post-processor that adds tokens is not supported",
                    "report it so that it can be added.");
            }

            result = (lays ? next : result) with { TrimOffsets = result.TrimOffsets || next.TrimOffsets };
            laidOut |= lays;
        }

        return result;
    }

    private static PostProcessor Template(SourceNode node, int vocabularySize)
    {
        var special = new Dictionary<string, int[]>(StringComparer.Ordinal);
        if (node["special_tokens"].Exists)
        {
            foreach ((string name, SourceNode token) in node["special_tokens"].Members())
            {
                special[name] = token["ids"].Items().Select(id => InRange(id, vocabularySize)).ToArray();
            }
        }

        return new PostProcessor(Parts(node["single"], special), Parts(node["pair"], special), false);
    }

    private static TemplatePart[] Parts(SourceNode node, Dictionary<string, int[]> special) =>
        node.Items().Select(item => Part(item, special)).ToArray();

    private static TemplatePart Part(SourceNode item, Dictionary<string, int[]> special)
    {
        SourceNode sequence = item["Sequence"];
        if (sequence.Exists)
        {
            string id = sequence["id"].Text();
            return TemplatePart.Text(id == "A" ? 0 : id == "B" ? 1 : throw sequence["id"].Error($"\"{id}\" is neither A nor B"),
                sequence["type_id"].Int(0));
        }

        SourceNode token = item["SpecialToken"];
        if (!token.Exists)
        {
            throw item.Error("must be a Sequence or a SpecialToken");
        }

        string name = token["id"].Text();
        return special.TryGetValue(name, out int[]? ids)
            ? TemplatePart.Special(ids, token["type_id"].Int(0))
            : throw token["id"].Error($"\"{name}\" is not among special_tokens");
    }

    private static int TokenId(SourceNode pair, int vocabularySize) =>
        pair.Items().ToArray() is [_, var id] ? InRange(id, vocabularySize) : throw pair.Error("must be [token, id]");

    private static int InRange(SourceNode node, int vocabularySize)
    {
        int id = node.Int();
        return id >= 0 && id < vocabularySize ? id
            : throw node.Error($"id {id} is not in the vocabulary of {vocabularySize} tokens");
    }
}
