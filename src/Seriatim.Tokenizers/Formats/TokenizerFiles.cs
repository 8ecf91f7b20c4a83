namespace Seriatim.Tokenizers;

/// <summary>Recognises tokenizer files and reads them.</summary>
internal static class TokenizerFiles
{
    /// <summary>Reads a folder or a file.</summary>
    public static TokenizerPipeline Read(string path)
    {
        if (Directory.Exists(path))
        {
            return ReadFile(Find(path));
        }

        return File.Exists(path) ? ReadFile(path)
            : throw new FileNotFoundException(
                $"{path}: there is no such file or folder; pass a model folder or a tokenizer file.", path);
    }

    /// <summary>Reads a file, unless it only stands for one.</summary>
    /// <exception cref="TokenizerFormatException">It is a pointer of Git LFS.</exception>
    public static byte[] ReadBytes(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        return !bytes.AsSpan().StartsWith("version https://git-lfs"u8) ? bytes : throw new TokenizerFormatException(file, "file",
            $"this is a Git LFS pointer of {bytes.Length} bytes, not the file itself; run `git lfs pull` in its folder.");
    }

    private static string Find(string folder)
    {
        foreach (string name in new[] { "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model" })
        {
            if (File.Exists(Path.Combine(folder, name)))
            {
                return Path.Combine(folder, name);
            }
        }

        foreach (string pattern in new[] { "*.model", "source.spm", "*.tiktoken", "vocab.json", "vocab.txt" })
        {
            if (Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault() is { } found)
            {
                return found;
            }
        }

        throw new FileNotFoundException(
            $"{folder}: there is no tokenizer here (tokenizer.json, tokenizer.model, *.model, *.tiktoken, "
                + "source.spm with target.spm and vocab.json, vocab.json with merges.txt, or vocab.txt); pass "
                + "the folder that has one.", folder);
    }

    private static TokenizerPipeline ReadFile(string file)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        TokenizerConfig? config = TokenizerConfig.Read(folder);
        string name = Path.GetFileName(file);
        if (name is "source.spm" or "target.spm" || (name is "vocab.json" && File.Exists(Path.Combine(folder, "source.spm"))))
        {
            return MarianFiles.Read(folder, config);
        }

        byte[] bytes = ReadBytes(file);
        if (name.EndsWith(".tiktoken", StringComparison.OrdinalIgnoreCase))
        {
            return Tiktoken.Read(bytes, file, config);
        }

        if (name.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) && name != "merges.txt")
        {
            return WordPieceFile.Read(bytes, file, config);
        }

        if (name is "vocab.json" or "merges.txt")
        {
            return BpeFiles.Read(folder, config);
        }

        if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase))
        {
            return TokenizerJson.Read(bytes, file, config);
        }

        // A SentencePiece file begins with field 1 of its message; Meta's tiktoken files are called .model as well.
        if (bytes.Length > 0 && bytes[0] == 0x0A)
        {
            SentencePieceClasses.Check(config, file);
        }

        return bytes.Length > 0 && bytes[0] == 0x0A ? SentencePiece.Read(bytes, file, config) : Tiktoken.Read(bytes, file,
            config);
    }
}
