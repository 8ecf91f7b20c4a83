namespace Seriatim.Tokenizers.Tests;

/// <summary>Training: the right size, deterministic, readable again, useful.</summary>
public sealed class TrainingTests
{
    public static TheoryData<TrainerModel> Models() => new(Enum.GetValues<TrainerModel>());

    [SharedTheory]
    [MemberData(nameof(Models))]
    public void Trains_deterministically_and_reads_back(TrainerModel model)
    {
        string english = File.ReadAllText(Shared.PathOf("data", "stories", "valid.txt"))[..150_000];
        string chinese = File.ReadAllText(Shared.PathOf("data", "zh-novel", "valid.txt"));
        var options = new TrainerOptions { Model = model, VocabularySize = 4000 };
        TrainedTokenizer first = TokenizerTrainer.Train([english, chinese], options);

        // The order of the texts, and how they are cut into lines, does not matter.
        TrainedTokenizer second = TokenizerTrainer.Train(chinese.Split("\n\n").Append(english), options);
        if (model is TrainerModel.WordPiece or TrainerModel.ByteFallbackBpe)
        {
            Assert.Equal(4000, first.Tokenizer.VocabularySize);
        }

        Assert.InRange(first.Tokenizer.VocabularySize, 3000, 4000);
        Assert.Equal(first.Json.ToArray(), TokenizerTrainer.Train([english, chinese], options).Json.ToArray());
        Assert.InRange(second.Tokenizer.VocabularySize, 3000, 4000);

        string folder = Directory.CreateTempSubdirectory("seriatim-training").FullName;
        try
        {
            first.Save(folder);
            Tokenizer loaded = Tokenizer.Load(folder);
            Assert.Equal(first.Tokenizer.SpecialTokens, loaded.SpecialTokens);
            foreach (string text in Samples.Hard.Concat([english[..5000], chinese[..5000]]))
            {
                Assert.Equal(first.Tokenizer.Encode(text), loaded.Encode(text));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        // A useful vocabulary says English in words and Chinese in fewer tokens than characters.
        Assert.InRange(first.Tokenizer.Encode(english).Length, 1, english.Length / 3);
        Assert.InRange(first.Tokenizer.Encode(chinese).Length, 1, chinese.Length * 5 / 4);
    }

    [SharedTheory]
    [InlineData(TrainerModel.ByteLevelBpe)]
    [InlineData(TrainerModel.ByteFallbackBpe)]
    public void Trained_vocabularies_spell_anything(TrainerModel model)
    {
        string chinese = File.ReadAllText(Shared.PathOf("data", "zh-novel", "valid.txt"));
        Tokenizer tokenizer = TokenizerTrainer.Train([chinese], new TrainerOptions
        {
            Model = model,
            VocabularySize = 2000
        }).Tokenizer;
        string text = "Ελληνικά 🙂 и русский: " + chinese;
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text, EncodeOptions.PlainText)));
        Assert.DoesNotContain(tokenizer.UnkId ?? -1, tokenizer.Encode(text));
    }

    [Fact]
    public void Merges_are_the_most_frequent_pairs()
    {
        // low x5, lower x2, newest x6, widest x3: the example of Sennrich et al. (2016).
        string text = string.Join(' ', Enumerable.Repeat("low", 5).Concat(Enumerable.Repeat("lower", 2))
            .Concat(Enumerable.Repeat("newest", 6)).Concat(Enumerable.Repeat("widest", 3)));
        var options = new TrainerOptions { VocabularySize = 257 + 4, MinFrequency = 1 };
        Tokenizer tokenizer = TokenizerTrainer.Train([text], options).Tokenizer;
        Assert.Equal(["es", "est", "lo", "low"], Enumerable.Range(257, 4).Select(tokenizer.PieceOf));
    }

    [Fact]
    public void Special_tokens_come_first_and_frame_the_text()
    {
        var options = new TrainerOptions
        {
            Model = TrainerModel.Unigram,
            VocabularySize = 60,
            SpecialTokens = ["<pad>", "<s>", "</s>", "<unk>"],
            AddBos = true,
            AddEos = true,
        };
        Tokenizer tokenizer = TokenizerTrainer.Train(Samples.TrainingTexts, options).Tokenizer;
        Assert.Equal(new SpecialTokens { Pad = 0, Bos = 1, Eos = 2, Unk = 3 }, tokenizer.SpecialTokens);
        int[] ids = tokenizer.Encode("the dog");
        Assert.Equal((1, 2), (ids[0], ids[^1]));
        Assert.Equal("the dog", tokenizer.Decode(ids));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Added_tokens_are_whole_also_in_plain_text(TrainerModel model)
    {
        const string Prefix = "translate Chinese to English: ";
        string[] special = model == TrainerModel.WordPiece ? ["[UNK]"] : ["<unk>"];
        Tokenizer tokenizer = TokenizerTrainer.Train([Prefix + "so it goes", "on and on"], new TrainerOptions
        {
            Model = model,
            VocabularySize = 400,
            SpecialTokens = special,
            AddedTokens = [Prefix],
            AddBos = false,
        }).Tokenizer;
        int[] ids = tokenizer.Encode(Prefix + "so it goes", EncodeOptions.PlainText);
        Assert.Equal(1, ids[0]);
        Assert.Equal(tokenizer.Encode("so it goes", EncodeOptions.PlainText), ids[1..]);
        Assert.Contains(Prefix.Trim(), tokenizer.Decode(ids), StringComparison.Ordinal);
    }

    [Fact]
    public void Training_tells_its_progress_and_can_be_stopped()
    {
        var stages = new List<string>();
        using var stop = new CancellationTokenSource();
        var progress = new Immediate(report =>
        {
            stages.Add(report.Stage);
            if (report.Stage == "fitting and pruning")
            {
                stop.Cancel();
            }
        });
        var options = new TrainerOptions { Model = TrainerModel.Unigram, VocabularySize = 60, Progress = progress };
        string[] texts = Enumerable.Repeat(Samples.TrainingTexts, 30).SelectMany(lines => lines).ToArray();
        Assert.Throws<OperationCanceledException>(() => TokenizerTrainer.Train(texts, options, stop.Token));
        Assert.Contains("counting words", stages);
    }

    [Fact]
    public void Options_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train([], new TrainerOptions { VocabularySize = 100 }));
        Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train([], new TrainerOptions { SpecialTokens = ["a", "a"] }));
        Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train([], new TrainerOptions { CharacterCoverage = 0 }));
        Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train([], new TrainerOptions
        {
            Model = TrainerModel.Unigram,
            SpecialTokens = []
        }));
        Assert.Throws<ArgumentException>(() => TokenizerTrainer.Train([], new TrainerOptions
        {
            SpecialTokens = ["x"],
            AddEos = true
        }));
    }

    [Fact]
    public void Nothing_to_train_on_gives_the_alphabet()
    {
        Tokenizer tokenizer = TokenizerTrainer.Train([]).Tokenizer;
        Assert.Equal(257, tokenizer.VocabularySize);
        Assert.Equal("é🙂", tokenizer.Decode(tokenizer.Encode("é🙂")));
        foreach (TrainerModel model in Enum.GetValues<TrainerModel>())
        {
            Assert.NotNull(TokenizerTrainer.Train([], new TrainerOptions { Model = model }).Tokenizer.Encode("x"));
        }
    }

    private sealed class Immediate(Action<VocabularyProgress> report) : IProgress<VocabularyProgress>
    {
        public void Report(VocabularyProgress value) => report(value);
    }
}
