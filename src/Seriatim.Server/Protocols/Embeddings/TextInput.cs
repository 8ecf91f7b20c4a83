namespace Seriatim.Server;

/// <summary>Texts to be read: as text, or as token ids.</summary>
internal sealed class TextInput
{
    /// <summary>The texts.</summary>
    public List<TextPrompt> Texts { get; } = [];

    /// <summary>Reads a text, token ids, or a list of either.</summary>
    public void Read(FieldValue value)
    {
        if (value.IsString)
        {
            Texts.Add(new TextPrompt(value.Text, null));
            return;
        }

        FieldValue[] items = [.. value.Items()];
        if (items.Length == 0)
            throw value.Wrong("one text or more is needed");
        if (Field.KindOf(items[0].Json).HasFlag(JsonKinds.Integer))
            Texts.Add(new TextPrompt(null, value.Integers));
        else
            Texts.AddRange(items.Select(item => item.IsString ? new TextPrompt(item.Text, null)
                : new TextPrompt(null, item.Integers)));
        if (Texts.Any(text => text.Text is { Length: 0 } || text.Ids is { Count: 0 }))
            throw value.Wrong("a text must not be empty");
    }

    /// <summary>The token ids of all texts, as a model reads them.</summary>
    /// <param name="use">The model.</param>
    /// <param name="config">What its files say of texts.</param>
    /// <param name="cuts">Whether texts that are too long are cut; else they are refused.</param>
    public int[][] Ids(ModelUse use, SentenceConfig config, bool cuts)
    {
        TextsTruncatedEventArgs? cut = null;
        string[] texts = [.. Texts.Where(text => text.Text is not null).Select(text => text.Text!)];
        int[][] ids = texts.Length == 0 ? [] : Embedder.Tokens(use.Opened, config, texts, cuts, what => cut = what);
        if (cut is not null && !cuts)
            throw ApiException.Invalid($"{cut} Send shorter texts.", "input", "context_length_exceeded");
        int at = 0, size = use.Opened.Tokenizer.VocabularySize;
        int[][] all = [.. Texts.Select(text => text.Ids is { } given ? [.. given] : ids[at++])];
        foreach (int id in all.SelectMany(text => text))
        {
            if ((uint)id >= (uint)size)
                throw ApiException.Invalid($"input has the token id {id}; the model's are 0 to {size - 1}.", "input",
                    "invalid_value");
        }

        return all;
    }
}
