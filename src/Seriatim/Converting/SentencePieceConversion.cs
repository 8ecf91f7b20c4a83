using Seriatim.Formats;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>
/// A SentencePiece file (<c>tokenizer.model</c>) as GGUF keys: the pieces, scores and kinds are the same in both formats. Merges
/// of a <c>tokenizer.json</c> would have to be turned into scores, which is not always possible.
/// </summary>
internal static class SentencePieceConversion
{
    private const string Prefix = "tokenizer.ggml.";
    private const int Normal = 1;
    private const int Control = 3;
    private const int UserDefined = 4;

    /// <summary>Whether a file is there and is a SentencePiece model (Meta's tiktoken files are called .model as well).</summary>
    /// <exception cref="ModelFormatException">It is a pointer of Git LFS, which might stand for either.</exception>
    public static bool IsModel(string file)
    {
        if (!File.Exists(file))
            return false;
        byte[] start = new byte[1025];
        using FileStream stream = File.OpenRead(file);
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        GitLfsPointer.ThrowIfPointer(file, start.AsSpan(0, count));
        return count > 0 && start[0] == 0x0A;
    }

    /// <summary>The error for a file that says something else than the tokenizer.json beside it.</summary>
    public static TokenizerFormatException Disagrees(string file, string difference) => new(file, "pieces",
        $"gives other tokens than tokenizer.json beside it: {difference}. One of the two is of another model; put it right, or "
            + "keep the folder for this model.");

    /// <summary>Adds the keys of the kind <c>llama</c> (BPE) or <c>t5</c> (Unigram).</summary>
    /// <param name="keys">What all kinds have in common.</param>
    /// <param name="file">The SentencePiece file.</param>
    /// <param name="source">The tokenizer of the folder.</param>
    /// <exception cref="TokenizerFormatException">The file says something that has no key.</exception>
    public static void AddKeys(Dictionary<string, object> keys, string file, Tokenizer source)
    {
        SentencePieceContents contents = SentencePiece.ReadContents(File.ReadAllBytes(file), file);
        TokenizerFormatException Refused(string component, string what) =>
            new(file, component, $"{what}; GGUF files of this kind have no key for it. Keep the folder for this model.");
        if (!contents.IsUnigram && contents.Charsmap.Length > 0)
            throw Refused("normalizer_spec.precompiled_charsmap", "maps characters");
        if (!contents.IsUnigram && (contents.RemoveExtraWhitespaces || contents.SpaceAsSuffix))
        {
            throw Refused("normalizer_spec",
                "treats blanks in a way of its own (remove_extra_whitespaces or treat_whitespace_as_suffix)");
        }
        if (contents.IsUnigram && contents.ByteFallback)
            throw Refused("trainer_spec.byte_fallback", "is true");

        string[] tokens = (string[])keys[Prefix + "tokens"];
        int[] types = (int[])keys[Prefix + "token_type"];
        float[] scores = new float[tokens.Length];
        var added = source.AddedTokens.ToDictionary(token => token.Id);
        if (contents.Pieces.Length > tokens.Length)
            throw Disagrees(file, $"it has {contents.Pieces.Length} pieces for {tokens.Length} ids");
        for (int id = 0; id < contents.Pieces.Length; id++)
        {
            // An added token may have taken the place of a piece; nothing else may.
            if (tokens[id] != contents.Pieces[id] && !added.ContainsKey(id))
                throw Disagrees(file, $"id {id} is \"{source.TryGetPiece(id)}\" there and \"{contents.Pieces[id]}\" here");
            scores[id] = contents.Scores[id];
            if (tokens[id] == contents.Pieces[id])
            {
                types[id] = contents.Kinds[id] == Normal && added.TryGetValue(id, out AddedToken? token) ? token.Special
                    ? Control
                    : UserDefined : contents.Kinds[id];
            }
        }

        keys[Prefix + "model"] = contents.IsUnigram ? "t5" : "llama";
        keys[Prefix + "pre"] = "default";
        keys[Prefix + "scores"] = scores;
        keys[Prefix + "add_space_prefix"] = contents.AddDummyPrefix;
        if (!contents.IsUnigram)
            return;
        keys[Prefix + "remove_extra_whitespaces"] = contents.RemoveExtraWhitespaces;
        keys[Prefix + "treat_whitespace_as_suffix"] = contents.SpaceAsSuffix;
        if (contents.Charsmap.Length > 0)
            keys[Prefix + "precompiled_charsmap"] = contents.Charsmap;
    }
}
