using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Maps of source tokens to target tokens, and translations chosen from what they give.</summary>
public sealed class VocabularyMapTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public VocabularyMapTests() => TinyModels.WriteT5(_folder.Path);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_map_gives_the_candidates_of_all_n_grams_and_reads_what_it_writes()
    {
        Tokenizer tokenizer = Tokenizer.Load(_folder.Path);
        var map = new VocabularyMap(tokenizer);
        int[] special = [.. map.Always];
        Assert.Contains(tokenizer.EosId!.Value, special);
        map.Set([], [40]);
        map.Set([10], [50, 45]);
        map.Set([10, 11], [60]);
        map.Set([12], [45, 70]);
        Assert.Equal(3, map.Count);
        Assert.Equal(With(40), map.CandidatesOf([9, 13]));
        Assert.Equal(With(40, 45, 50), map.CandidatesOf([11, 10]));
        Assert.Equal(With(40, 45, 50, 60, 70), map.CandidatesOf([10, 11, 12]));
        Assert.Equal(With(40), map.CandidatesOf([]));
        using (var writer = new StreamWriter(_folder.File("vmap.txt")) { NewLine = "\n" })
            map.Write(writer);
        string text = File.ReadAllText(_folder.File("vmap.txt"));
        string line = $"\n{tokenizer.PieceOf(10)} {tokenizer.PieceOf(11)}\t{tokenizer.PieceOf(60)}\n";
        Assert.Contains(line, text, StringComparison.Ordinal);
        var again = VocabularyMap.Read(_folder.File("vmap.txt"), tokenizer);
        foreach (int[] source in (int[][])[[9], [10], [10, 11], [12, 10, 11]])
            Assert.Equal(map.CandidatesOf(source), again.CandidatesOf(source));

        int[] With(params int[] ids) => [.. special.Concat(ids).Order()];
    }

    [Theory]
    [InlineData("a b", "line 1: there is no tab")]
    [InlineData("\ta\na\t", "line 2: there are no target tokens")]
    [InlineData("a\tb\n\nb\tnosuchtoken", "line 3: the tokenizer has no token 'nosuchtoken'")]
    [InlineData("\ta", "no source tokens")]
    [InlineData("", "no source tokens")]
    public void Bad_files_are_named_with_their_line(string content, string message)
    {
        string file = _folder.File("bad.txt");
        File.WriteAllText(file, content);
        TokenizerFormatException refused =
            Assert.Throws<TokenizerFormatException>(() => VocabularyMap.Read(file, Tokenizer.Load(_folder.Path)));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.StartsWith(file, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Translations_have_tokens_of_their_shortlist_alone_and_do_not_depend_on_others()
    {
        using Translator translator = await Translator.OpenAsync(_folder.Path, new() { Threads = 1 });
        var map = new VocabularyMap(translator.Tokenizer);
        string[] texts = [.. Enumerable.Range(0, 30).Select(i => $"the cat number {i} sat")];
        foreach (string text in texts)
        {
            int size = translator.Tokenizer.VocabularySize;
            foreach (int id in translator.SourceIds(text))
                map.Set([id], [(id * 7 + 3) % size, (id * 5 + 2) % size]);
        }

        foreach (int beams in (int[])[1, 4])
        {
            var options = new TranslationOptions { Beams = beams, MaxNewTokens = 8, VocabularyMap = map };
            List<Translation> together = await translator.TranslateManyAsync(texts, options).ToListAsync();
            List<Translation> free = await translator.TranslateManyAsync(texts, options with { VocabularyMap = null }).ToListAsync();
            Assert.NotEqual(together.Select(t => t.Text), free.Select(t => t.Text));
            foreach (Translation one in together.Take(5))
            {
                Translation alone = await translator.TranslateManyAsync([one.Source], options).FirstAsync();
                Assert.Equal((one.Text, one.Score), (alone.Text, alone.Score));
                GenerationRequest request = translator.Request(one.Source, options);
                int[] allowed = map.CandidatesOf(translator.SourceIds(one.Source));
                Assert.Equal(allowed, request.Shortlist.ToArray());
                GenerationResult result = await translator.Engine.CompleteAsync(request);
                Assert.All(result.Choices[0].TokenIds, id => Assert.Contains(id, allowed));
            }
        }
    }

    [Fact]
    public async Task A_model_that_fills_in_refuses_a_map()
    {
        using var other = new TempFolder();
        TinyModels.WriteMaskPredict(other.Path);
        using Translator translator = await Translator.OpenAsync(other.Path, new() { Threads = 1 });
        var options = new TranslationOptions { To = "en", VocabularyMap = new VocabularyMap(translator.Tokenizer) };
        Assert.Equal("VocabularyMap",
            Assert.Throws<InvalidOptionException>(() => translator.Request("the cat", options)).Option);
    }
}
