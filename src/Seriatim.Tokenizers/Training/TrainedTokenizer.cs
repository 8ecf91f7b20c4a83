namespace Seriatim.Tokenizers;

/// <summary>A new tokenizer and the files that make it.</summary>
public sealed class TrainedTokenizer
{
    private readonly byte[] _json;
    private readonly byte[] _config;

    internal TrainedTokenizer(byte[] json, byte[] config)
    {
        _json = json;
        _config = config;
        TokenizerConfig settings = TokenizerConfig.FromJson(config, "tokenizer_config.json");
        Tokenizer = new Tokenizer(TokenizerJson.Read(json, "tokenizer.json", settings));
    }

    /// <summary>The tokenizer, read from <see cref="Json"/>.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The <c>tokenizer.json</c> in the layout of the Hugging Face tokenizers library.</summary>
    public ReadOnlyMemory<byte> Json => _json;

    /// <summary>
    /// Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into a folder. Files there stay as
    /// they are until both new ones are complete.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        WholeFile.Write((Path.Combine(folder, "tokenizer.json"), _json),
            (Path.Combine(folder, "tokenizer_config.json"), _config));
    }
}
