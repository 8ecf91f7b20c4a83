namespace Seriatim.Tokenizers.Tests;

/// <summary>Every vocabulary found in the golden folders gives exactly the ids of llama.cpp.</summary>
public sealed class GgufGoldenTests
{
    private const string NoFiles = "(none)";

    public static TheoryData<string> Files()
    {
        var data = new TheoryData<string>();
        string?[] roots = [Shared.PathOf("golden"), Environment.GetEnvironmentVariable("SERIATIM_GOLDEN")];
        foreach (string? root in roots)
        {
            string folder = Path.Combine(root ?? string.Empty, "tokenizers");
            if (root is not null && Directory.Exists(folder))
            {
                foreach (string file in Directory.GetFiles(folder, "*.gguf").Order(StringComparer.Ordinal))
                {
                    data.Add(file);
                }
            }
        }

        if (data.Count == 0)
        {
            data.Add(NoFiles);
        }

        return data;
    }

    [SharedTheory]
    [MemberData(nameof(Files))]
    public void Gives_the_ids_of_llama_cpp(string file)
    {
        Assert.True(file != NoFiles, "There is no *.gguf in golden/tokenizers.");
        Tokenizer tokenizer = Tokenizer.FromGguf(GgufReader.Read(file));
        string[] texts = File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n");
        string[] lines = File.ReadAllText(file + ".out").TrimEnd('\n').Split('\n');

        // The separator also follows the last text; what comes after it is no text.
        Assert.InRange(texts.Length, lines.Length, lines.Length + 1);
        var wrong = new List<string>();
        for (int i = 0; i < lines.Length; i++)
        {
            int[] expected = lines[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
            int[] actual = tokenizer.Encode(texts[i], EncodeOptions.PlainText);
            if (!expected.SequenceEqual(actual))
            {
                wrong.Add($"text {i} \"{texts[i]}\":\n  expected {string.Join(' ', expected)}\n  actual   {string.Join(' ', actual)}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [SharedTheory]
    [MemberData(nameof(Files))]
    public void Offsets_and_plain_encoding_agree(string file)
    {
        Tokenizer tokenizer = Tokenizer.FromGguf(GgufReader.Read(file));
        foreach (string text in File.ReadAllText(file + ".inp").Split("\n__ggml_vocab_test__\n"))
        {
            IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeWithOffsets(text);
            Assert.Equal(tokenizer.Encode(text), tokens.Select(token => token.Id));
            Assert.All(tokens, token => Assert.True(0 <= token.Start && token.Start <= token.End && token.End <= text.Length));
        }
    }
}
