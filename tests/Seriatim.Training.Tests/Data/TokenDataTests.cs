namespace Seriatim.Training.Tests;

public sealed class TokenDataTests
{
    private static readonly ExampleEncoding Plain = new(AddSpecialTokens: false);

    [Fact]
    public void A_cache_is_made_once_for_the_same_data_and_tokenizer()
    {
        using var folder = new TempFolder();
        var file = new DataFile(folder.Write("a.tsv", "ab\tc\nde\t\nd\tef\n"), DataFormat.Tsv) { TargetField = "1" };
        ExampleEncoding encoding = Plain with { AppendEos = Letters.Eos };
        using (TokenCache cache = Build(folder, file, encoding, 1))
        {
            Assert.Equal((2, true, 10L, 3L), (cache.Count, cache.HasTargets, cache.TokenCount, cache.Utf8Bytes));
            Assert.Equal([.. Letters.Tokenizer.Encode("ab"), 0], cache.Source(0).ToArray());
            Assert.Equal([.. Letters.Tokenizer.Encode("ef"), 0], cache.Target(1).ToArray());
        }

        string path = Assert.Single(Directory.GetFiles(folder["cache"]));
        DateTime made = File.GetLastWriteTimeUtc(path);
        Build(folder, file, encoding, 1).Dispose();
        Assert.Equal(made, File.GetLastWriteTimeUtc(path));
        Assert.Throws<DataException>(() => Build(folder, file, encoding, 0));
        Build(folder, file, Plain, 1).Dispose();
        File.AppendAllText(file.Path, "x\ty\n");
        Build(folder, file, encoding, 1).Dispose();
        Assert.Equal(3, Directory.GetFiles(folder["cache"]).Length);
    }

    [Fact]
    public void A_damaged_cache_is_refused()
    {
        using var folder = new TempFolder();
        var file = new DataFile(folder.Write("a.txt", "abc"), DataFormat.Text);
        Build(folder, file, Plain, 0).Dispose();
        string path = Directory.GetFiles(folder["cache"])[0];
        byte[] bytes = File.ReadAllBytes(path);
        foreach (byte[] damaged in (byte[][])[bytes[..^1], bytes[..40], [], [.. bytes, 0], [1, .. bytes[1..]], [.. bytes[..80], 0xFF, .. bytes[81..]]])
        {
            File.WriteAllBytes(path, damaged);
            Assert.Throws<DataException>(() => TokenCache.Open(path));
        }
    }

    [Fact]
    public void An_epoch_has_every_prediction_once_wherever_it_is_cut()
    {
        using var folder = new TempFolder();
        using TokenCache cache = Build(folder, new DataFile(folder.Write("a.txt", new string('a', 101)), DataFormat.Text), Plain, 0);
        var drawer = new ExampleDrawer([new DataSource(cache)], new ExampleLimits(16, 0, LongSequences.Split, 1), 3);
        var starts = new HashSet<int>();
        for (int epoch = 0; epoch < 6; epoch++)
        {
            IReadOnlyList<ExamplePiece> pieces = drawer.Epoch(epoch);
            Assert.Equal(Enumerable.Range(1, 100), pieces.SelectMany(p => Enumerable.Range(p.Start + 1, p.Length - 1)).Order());
            Assert.All(pieces, p => Assert.InRange(p.Length, 2, 17));
            Assert.Equal(pieces, drawer.Epoch(epoch));
            starts.Add(pieces.Min(p => p.Start == 0 ? 99 : p.Start));
        }

        Assert.True(starts.Count > 3);
        Assert.NotEqual(drawer.Epoch(0).Select(p => p.Start).Order(), drawer.Epoch(0).Select(p => p.Start));
    }

    [Fact]
    public void Long_examples_are_refused_or_skipped_and_counted()
    {
        using var folder = new TempFolder();
        using TokenCache cache = Build(folder, new DataFile(folder.Write("a.txt", "abc\nabcdefgh\na"), DataFormat.Lines), Plain, 0);
        var error = Assert.Throws<DataException>(() => new ExampleDrawer([new DataSource(cache)], new ExampleLimits(0, 0, LongSequences.Split, 0), 1));
        Assert.Contains("may have 0 ids", error.Message);
        error = Assert.Throws<DataException>(() => new ExampleDrawer([new DataSource(cache)], new ExampleLimits(4, 0, LongSequences.Refuse, 1), 1));
        Assert.StartsWith("1 examples are too long; 4 tokens fit. Set long_sequences to \"skip\" or \"split\"", error.Message);
        Assert.EndsWith($"example 2 of {cache.Path}: 8 tokens", error.Message);
        var file = new DataFile(folder["a.txt"], DataFormat.Lines);
        error = Assert.Throws<DataException>(() => new ExampleDrawer([new DataSource(cache) { File = file }], new ExampleLimits(2, 0, LongSequences.Refuse, 0), 1));
        Assert.EndsWith($"{folder["a.txt"]}(1): 3 tokens{Environment.NewLine}{folder["a.txt"]}(2): 8 tokens", error.Message);
        var drawer = new ExampleDrawer([new DataSource(cache)], new ExampleLimits(4, 0, LongSequences.Skip, 1), 1);
        Assert.Equal((1, 2), (drawer.ExamplesPerEpoch, drawer.SkippedExamples));
    }

    [Fact]
    public void Sources_are_mixed_by_weight_and_each_goes_round_evenly()
    {
        using var folder = new TempFolder();
        using TokenCache a = Build(folder, new DataFile(folder.Write("a.txt", "a\nb\nc\nd\ne\nf"), DataFormat.Lines), Plain, 0);
        using TokenCache b = Build(folder, new DataFile(folder.Write("b.txt", "xx\nyy"), DataFormat.Lines), Plain, 0);
        var drawer = new ExampleDrawer([new DataSource(a, 1), new DataSource(b, 3)], new ExampleLimits(9, 0, LongSequences.Refuse, 0), 1);
        ExamplePiece[] drawn = [.. Enumerable.Range(0, 3).SelectMany(e => drawer.Epoch(e))];
        Assert.Equal(24, drawn.Length);
        Assert.Equal(Enumerable.Repeat(1, 6), drawn.Where(p => p.Cache == a).CountBy(p => p.Example).Select(c => c.Value));
        Assert.Equal(Enumerable.Repeat(9, 2), drawn.Where(p => p.Cache == b).CountBy(p => p.Example).Select(c => c.Value));
    }

    [Fact]
    public void Batches_keep_their_limits_and_go_on_from_a_position()
    {
        using var folder = new TempFolder();
        string text = string.Join('\n', Enumerable.Range(0, 300).Select(i => new string('a', 1 + i * 7 % 13)));
        using TokenCache cache = Build(folder, new DataFile(folder.Write("a.txt", text), DataFormat.Lines), Plain, 0);
        BatchLoader Loader() => new(new ExampleDrawer([new DataSource(cache)], new ExampleLimits(99, 0, LongSequences.Refuse, 0), 1),
            new BatchPacking { Tokens = 40, Examples = 9, GroupByLength = true }, p => p.Length, 5);
        BatchLoader loader = Loader();
        var seen = new List<ExamplePiece>();
        while (loader.Position.Epoch == 0)
            seen.AddRange(loader.Next());
        Assert.Equal(Enumerable.Range(0, 300), seen.Select(p => p.Example).Order());
        for (int i = 0; i < 20; i++)
        {
            ExamplePiece[] batch = loader.Next();
            Assert.InRange(batch.Length, 1, 9);
            Assert.InRange(batch.Sum(p => p.Length), 1, 40);
        }

        BatchLoader other = Loader();
        other.Position = loader.Position;
        Assert.Equal(loader.Next(), other.Next());
        Assert.Throws<DataException>(() => new BatchPacking { Tokens = 5 }.Pack(seen, p => p.Length, new CounterRandom(1, 1)));
    }

    [Fact]
    public void The_end_is_held_back_for_validation()
    {
        using var folder = new TempFolder();
        using TokenCache one = Build(folder, new DataFile(folder.Write("a.txt", new string('a', 100)), DataFormat.Text), Plain, 0);
        (DataSource training, DataSource validation) = new DataSource(one).Split(0.1);
        Assert.Equal((90, 90, 100), (training.EndId, validation.FirstId, validation.EndId ?? 100));
        using TokenCache many = Build(folder, new DataFile(folder.Write("b.txt", "aaaa\nbbbb\ncccc\ndddd"), DataFormat.Lines), Plain, 0);
        (training, validation) = new DataSource(many).Split(0.25);
        Assert.Equal((3, 3, 4), (training.EndExample, validation.FirstExample, validation.EndExample));
        Assert.Throws<DataException>(() => training.Split(0.001));
    }

    private static TokenCache Build(TempFolder folder, DataFile file, ExampleEncoding encoding, long badLines) =>
        TokenCacheBuilder.OpenOrBuild(folder["cache"], file, Letters.Tokenizer, Letters.Json, encoding, new BadLines(badLines));
}
