using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// What a tokenizer does that GGUF has no word for, and that is kept in keys of our own: told to whoever converts.
/// </summary>
internal static class GgufTokenizerNotes
{
    /// <summary>One sentence or two for each.</summary>
    /// <param name="keys">The keys that are written, <c>tokenizer.*</c>.</param>
    public static IReadOnlyList<string> Of(IReadOnlyDictionary<string, object> keys)
    {
        var notes = new List<string>();
        if (keys.GetValueOrDefault(GgufTokenizer.NormalizerKey) is string form)
        {
            notes.Add($"{form}: this tokenizer composes characters before it cuts a text, for which GGUF has no key. It is kept "
                + $"in {GgufTokenizer.NormalizerKey}; llama.cpp and other readers ignore that, and make other tokens of "
                + "decomposed text (an e with its accent behind it).");
        }

        if (keys.GetValueOrDefault(GgufTokenizer.IgnoreCaseKey) is true)
        {
            notes.Add("Contractions ignore case in this tokenizer, so that an apostrophe with a long s (U+017F) is one; "
                + $"tokenizer.ggml.pre = {keys.GetValueOrDefault("tokenizer.ggml.pre")} has it otherwise. It is kept in "
                + $"{GgufTokenizer.IgnoreCaseKey}, which other readers ignore.");
        }

        if (keys.GetValueOrDefault(GgufTokenizer.PrependKey) is string scheme)
        {
            notes.Add("This tokenizer puts a blank in front of "
                + $"{(scheme == "first" ? "the whole text, not behind special tokens," : "a text")} and only where none is; GGUF "
                + $"says only whether one is put. It is kept in {GgufTokenizer.PrependKey}, which other readers ignore: behind a "
                + "special token, or in front of a blank, they put one more.");
        }

        return notes;
    }
}
