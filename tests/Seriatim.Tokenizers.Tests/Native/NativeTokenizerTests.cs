using System.Text;
using System.Text.Json;

namespace Seriatim.Tokenizers.Tests;

/// <summary>
/// Hard lines against native implementations: ids with and without special tokens and the text back, all equal. Run by
/// <c>tests/native/run.sh</c>; what differs on purpose is listed in docs/guide/tokenizers.md.
/// </summary>
[Trait("Category", "Native")]
public sealed class NativeTokenizerTests
{
    public static TheoryData<string> HuggingFace => NativeFolder.Under("hf");

    public static TheoryData<string> SentencePieceModels => NativeFolder.Under("sentencepiece");

    private sealed record Row(string Text, int[] Ids, int[] Plain, string Decoded, string Raw);

    [NativeTheory]
    [MemberData(nameof(HuggingFace))]
    public void HuggingFaceSaysTheSame(string name)
    {
        string folder = NativeFolder.PathOf("hf", name);
        Tokenizer tokenizer = Tokenizer.FromJson(File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));
        Compare(name, tokenizer, Rows(folder), EncodeOptions.Default);
    }

    [NativeTheory]
    [MemberData(nameof(SentencePieceModels))]
    public void SentencePieceSaysTheSame(string name)
    {
        string folder = NativeFolder.PathOf("sentencepiece", name);

        // SentencePiece never takes text for a control symbol.
        Compare(name, Tokenizer.Load(folder), Rows(folder), EncodeOptions.PlainText);
    }

    private static Row[] Rows(string folder) => JsonSerializer.Deserialize<Row[]>(
        File.ReadAllText(Path.Combine(folder, "expected.json")), JsonSerializerOptions.Web)!;

    private static void Compare(string name, Tokenizer tokenizer, Row[] rows, EncodeOptions options)
    {
        var wrong = new StringBuilder();
        int count = 0;
        foreach (Row row in rows)
        {
            int[] ids = tokenizer.Encode(row.Text, options);
            int[] plain = tokenizer.Encode(row.Text, options with { AddSpecialTokens = false });
            string? problem = !ids.AsSpan().SequenceEqual(row.Ids) ? Show(tokenizer, row.Ids, ids)
                : !plain.AsSpan().SequenceEqual(row.Plain) ? Show(tokenizer, row.Plain, plain)
                : tokenizer.Decode(ids) != row.Decoded ? $"decodes to {Quote(row.Decoded)}, here to {Quote(tokenizer.Decode(ids))}"
                : tokenizer.Decode(ids, false) != row.Raw
                    ? $"decodes with special tokens to {Quote(row.Raw)}, here to {Quote(tokenizer.Decode(ids, false))}" : null;
            if (problem is not null && count++ < 60)
            {
                wrong.AppendLine().Append(Quote(row.Text)).Append(' ').Append(problem);
            }
        }

        Assert.True(count == 0, $"{name}: {count} of {rows.Length} lines differ{wrong}");
    }

    private static string Show(Tokenizer tokenizer, int[] expected, int[] found)
    {
        int start = expected.AsSpan().CommonPrefixLength(found);
        int end = 0;
        while (end < Math.Min(expected.Length, found.Length) - start && expected[^(end + 1)] == found[^(end + 1)])
        {
            end++;
        }

        string Pieces(int[] ids) => string.Join(' ', ids[start..^end].Take(24).Select(id => $"{id}:{Quote(tokenizer.PieceOf(id))}"));
        return $"at {start}: [{Pieces(expected)}], here [{Pieces(found)}]";
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);
}
