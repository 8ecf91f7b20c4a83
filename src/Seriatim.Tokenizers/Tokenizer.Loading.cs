namespace Seriatim.Tokenizers;

/// <content>Where tokenizers come from.</content>
public sealed partial class Tokenizer
{
    /// <summary>
    /// Loads the tokenizer of a model folder, or a single file. Recognised, in this order: <c>tokenizer.json</c>;
    /// <c>tokenizer.model</c>, <c>spiece.model</c> or any <c>*.model</c> (SentencePiece); <c>source.spm</c> with
    /// <c>target.spm</c> and <c>vocab.json</c> (Marian); <c>*.tiktoken</c>; <c>vocab.json</c> with <c>merges.txt</c>;
    /// <c>vocab.txt</c>. <c>tokenizer_config.json</c> and its companions in the same folder are honoured.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is no such file, or no tokenizer in the folder.</exception>
    /// <exception cref="TokenizerFormatException">The files are broken or ask for something unknown.</exception>
    public static Tokenizer Load(string path) => new(TokenizerFiles.Read(path));

    /// <summary>Reads a <c>tokenizer.json</c> from memory.</summary>
    /// <param name="utf8">The JSON.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="TokenizerFormatException">It is broken or asks for something unknown.</exception>
    public static Tokenizer FromJson(ReadOnlyMemory<byte> utf8, string name = "tokenizer.json") =>
        new(TokenizerJson.Read(utf8, name, null));

    /// <summary>Makes the tokenizer that the metadata of a GGUF file describes.</summary>
    /// <param name="metadata">
    /// The key-value pairs of the file: strings as <see cref="string"/>, numbers boxed, arrays as typed arrays (for example
    /// <c>tokenizer.ggml.tokens</c> as <c>string[]</c>, <c>tokenizer.ggml.scores</c> as <c>float[]</c>).
    /// </param>
    /// <exception cref="TokenizerFormatException">The metadata is incomplete or names something unknown.</exception>
    public static Tokenizer FromGguf(IReadOnlyDictionary<string, object> metadata) => new(GgufTokenizer.Read(metadata));
}
