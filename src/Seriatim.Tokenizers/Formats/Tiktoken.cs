using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Seriatim.Tokenizers;

/// <summary>
/// Reads tiktoken rank files: lines of a base64 token and its rank. The file holds no pattern and no special tokens; a
/// <c>tokenizer_config.json</c> beside it may add tokens, and the pattern follows from the file's name or vocabulary size.
/// </summary>
internal static class Tiktoken
{
    /// <summary>Reads a file.</summary>
    public static TokenizerPipeline Read(ReadOnlySpan<byte> bytes, string file, TokenizerConfig? config)
    {
        var entries = new List<KeyValuePair<string, int>>();
        int line = 0;
        foreach (Range range in bytes.Split((byte)'\n'))
        {
            line++;
            ReadOnlySpan<byte> text = bytes[range].Trim((byte)'\r');
            if (!text.IsEmpty)
            {
                entries.Add(ReadLine(text, file, line));
            }
        }

        if (entries.Count == 0)
        {
            throw new TokenizerFormatException(file, "line 1", "the file is empty; download it again.");
        }

        var vocabulary = new Vocabulary(entries, file, "tokens");
        TextPattern pattern = PatternReader.Regex(PatternFor(Path.GetFileName(file), entries.Count), file, "pattern");
        var pipeline = new TokenizerPipeline
        {
            Model = BpeBuilder.FromRanks(vocabulary, entries.Select(entry => (entry.Key, entry.Value)),
                new BpeOptions { IgnoreMerges = true }, file),
            Pretokenizer = new SequencePretokenizer(
                [new SplitPretokenizer(pattern, SplitBehavior.Isolated, false), new ByteLevelPretokenizer(false, false)]),
            Decoder = new ByteLevelDecoder(),
            AddedTokens = config?.AddedTokens ?? [],
        };
        return config is null ? pipeline : config.Apply(pipeline);
    }

    private static KeyValuePair<string, int> ReadLine(ReadOnlySpan<byte> text, string file, int line)
    {
        int blank = text.IndexOf((byte)' ');
        Span<byte> token = new byte[Math.Max(0, blank)];
        if (blank <= 0 || Base64.DecodeFromUtf8(text[..blank], token, out _,
            out int length) != System.Buffers.OperationStatus.Done
            || length == 0 || !int.TryParse(text[(blank + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int rank))
        {
            string shown = Encoding.UTF8.GetString(text[..Math.Min(40, text.Length)]);
            throw new TokenizerFormatException(file, $"line {line}",
                $"\"{shown}\" is not a base64 token, a blank and a rank; the file is damaged or not a tiktoken file.");
        }

        return new(ByteAlphabet.Encode(token[..length]), rank);
    }

    private static string PatternFor(string name, int count)
    {
        const string Tail = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
        const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
        const string Letters = @"|[^\r\n\p{L}\p{N}]?\p{L}+";
        if (name.StartsWith("qwen", StringComparison.OrdinalIgnoreCase))
        {
            return Contractions + Letters + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Tail;
        }

        if (name.StartsWith("o200k", StringComparison.OrdinalIgnoreCase) || count > 190_000)
        {
            const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
            const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
            return $@"[^\r\n\p{{L}}\p{{N}}]?{Upper}*{Lower}+{Contractions}?|[^\r\n\p{{L}}\p{{N}}]?{Upper}+{Lower}*{Contractions}?"
                + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Tail;
        }

        // 50,257 tokens: GPT-2 (r50k, p50k); otherwise cl100k and what Llama 3 made of it.
        return count < 60_000 ? @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
            : Contractions + Letters + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Tail;
    }
}
