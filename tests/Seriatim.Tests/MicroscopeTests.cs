using Seriatim.Generation;
using Seriatim.Inspection;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Tests;

/// <summary>The microscope on the models that this repository ships: what it shows is what the engine does.</summary>
public sealed class MicroscopeTests
{
    private static readonly LanguageModelOptions OneThread = new() { Threads = 1 };

    public static TheoryData<string> Samplings => [.. Chains.Keys];

    private static Dictionary<string, SamplingOptions> Chains { get; } = new()
    {
        ["plain"] = new SamplingOptions(),
        ["greedy"] = SamplingOptions.Greedy,
        ["truncated"] = new SamplingOptions { Temperature = 0.8f, TopK = 40, TopP = 0.9f, MinP = 0.05f },
        ["penalised"] = new SamplingOptions
        {
            Temperature = 1.2f,
            TypicalP = 0.95f,
            Order = SamplerOrder.LlamaCpp,
            Penalties = new PenaltyOptions { Repetition = 1.3f },
        },
    };

    [Theory]
    [MemberData(nameof(Samplings))]
    public async Task A_walk_chooses_the_tokens_of_the_engine(string chain)
    {
        await using LanguageModel model = await LanguageModel.OpenAsync("stories", OneThread);
        GenerationResult expected = await model.CompleteAsync("Once upon a time there was a",
            new GenerateOptions { Sampling = Chains[chain], Seed = 7, MaxNewTokens = 12 });
        Microscope microscope = Microscope.Of(model);
        using Walk walk = await microscope.WalkAsync(microscope.Prepare("Once upon a time there was a"),
            new WalkOptions { Sampling = Chains[chain], Seed = 7, MaxNewTokens = 12 });
        int remembered = walk.Remembered;
        foreach (int id in expected.Choices[0].TokenIds)
        {
            TokenChoice next = walk.Next!;
            Assert.Equal(id, next.Token.Id);
            Assert.Equal(next.IsGreedy ? 0 : next.Rolls[0].Token.Id, next.IsGreedy ? 0 : id);
            await walk.ForwardAsync();
            Assert.Equal(++remembered, walk.Remembered);
        }
    }

    [Fact]
    public async Task A_walk_goes_back_and_forth_with_the_same_bits()
    {
        await using Microscope microscope = await Microscope.OpenAsync("stories", OneThread);
        using Walk walk = await microscope.WalkAsync(microscope.Prepare("The dog"), new WalkOptions { Seed = 3 });
        Assert.False(walk.Back());
        float[] first = [.. walk.Logits];
        await walk.ForwardAsync();
        float[] second = [.. walk.Logits];
        int chosen = walk.Tokens[^1].Id;
        Assert.True(walk.Back());
        Assert.Equal(first, walk.Logits);
        await walk.ForwardAsync(chosen == 100 ? 101 : 100);
        Assert.NotEqual(second, walk.Logits);
        Assert.True(walk.Back());
        await walk.ForwardAsync();
        Assert.Equal(second, walk.Logits);

        // The step that is looked at again, and the whole text at once, are the same.
        var filter = new CaptureFilter
        {
            Kinds = CaptureKinds.Attention | CaptureKinds.Query | CaptureKinds.Key | CaptureKinds.Logits,
            Rows = [walk.Tokens.Count - 1],
        };
        Capture step = await walk.LookAsync(filter);
        Capture whole = await microscope.LookAsync(
            microscope.Prepare([.. walk.Tokens.Select(token => token.Id)]), filter);
        Assert.Equal(second, step.LogitsOf(walk.Tokens.Count - 1));
        Assert.Equal(whole.LogitsOf(walk.Tokens.Count - 1), step.LogitsOf(walk.Tokens.Count - 1));
        Assert.Equal(whole.Rows.Select(row => (row.Place, row.Position, row.Head)),
            step.Rows.Select(row => (row.Place, row.Position, row.Head)));
        foreach ((CapturedRow one, CapturedRow other) in whole.Rows.Zip(step.Rows))
            Assert.Equal(one.Values, other.Values);
        foreach ((CapturedAttention one, CapturedAttention other) in whole.Attention.Zip(step.Attention))
            Assert.Equal(one.Weights, other.Weights);
        Assert.Equal(whole.Attention.Count, step.Attention.Count);
    }

    [Fact]
    public async Task A_translator_walks_with_its_source()
    {
        await using Translator translator = await Translator.OpenAsync("zh-en", OneThread);
        string expected = await translator.TranslateAsync("我爱学习", new TranslationOptions { Beams = 1 });
        Microscope microscope = Microscope.Of(translator);
        string prefix = translator.Directions.First(direction => direction.From == "zh").Prefix;
        using Walk walk = await microscope.WalkAsync(
            microscope.Prepare("", prefix + "我爱学习"), new WalkOptions { Sampling = SamplingOptions.Greedy, MaxNewTokens = 20 });
        while (walk.Next is { Ends: false })
            await walk.ForwardAsync();
        Assert.Equal(expected, translator.Tokenizer.Decode([.. walk.Tokens.Skip(walk.Specimen.Start).Select(t => t.Id)]).Trim());
        Capture last = await walk.LookAsync(new CaptureFilter { Kinds = CaptureKinds.CrossAttention, Layers = [0], Heads = [0] });
        Assert.Equal(1, Assert.Single(last.Attention).Weights.Sum(), 1e-5);
    }

    [Fact]
    public async Task Each_sampler_says_what_it_left()
    {
        await using Microscope microscope = await Microscope.OpenAsync("stories", OneThread);
        using Walk walk = await microscope.WalkAsync(microscope.Prepare("Once upon"), new WalkOptions
        {
            Sampling = new SamplingOptions { Temperature = 0.5f, TopK = 5, MinP = 0.01f },
            Shown = 8,
        });
        TokenChoice next = walk.Next!;
        SamplerCut topK = Assert.Single(next.Cuts, cut => cut.Name == "top_k");
        Assert.Equal((5, true), (topK.After, topK.Changes));
        Assert.Equal(1, topK.Best.Sum(token => token.Probability), 1e-9);
        SamplerCut heated = Assert.Single(next.Cuts, cut => cut.Name == "temperature");
        Assert.Equal((true, heated.Before), (heated.Changes, heated.After));
        Assert.Equal(next.Token.Id, next.Rolls[0].Token.Id);
        Assert.All(next.Rolls.Zip(next.Rolls.Skip(1)), pair => Assert.True(pair.First.Score >= pair.Second.Score));
        Assert.All(next.Rolls, roll => Assert.Equal(
            roll.Token.Logit - Math.Log(-Math.Log(roll.Uniform)), roll.Score, 1e-9));
        Assert.Equal(microscope.Tokenizer.BytesOf(next.Token.Id), next.Token.Bytes);
    }

    [Fact]
    public async Task The_teacher_has_the_loss_and_the_gradients_of_training()
    {
        await using LanguageModel model = await LanguageModel.OpenAsync("stories", OneThread);
        Microscope microscope = Microscope.Of(model);
        Specimen text = microscope.Prepare("Once upon a time there was a little dog.");
        TeacherForcing taught = await microscope.TeachAsync(text);
        TextScore score = await model.ScoreAsync("Once upon a time there was a little dog.");
        Assert.Equal(score.TokenIds.Count - 1, taught.Losses.Count);
        Assert.Equal(taught.Losses.Count, score.Logprobs.Count);
        foreach ((TokenLoss loss, TokenLogprobs token) in taught.Losses.Zip(score.Logprobs))
            Assert.Equal(-token.Chosen.Logprob, loss.Loss, 1e-5);
        if (taught.NoGradients is not null)
        {
            Assert.Contains("16 bits", taught.NoGradients, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(taught.Mean, taught.TrainedLoss!.Value, 1e-5);
        Assert.Equal(model.Model.Parameters.Count(one => one.Parameter.Trainable), taught.Gradients.Count);
        Assert.All(model.Model.Parameters, one => Assert.Null(one.Parameter.Gradient));
    }

    [Fact]
    public async Task Gradients_are_those_of_a_tape()
    {
        await using Microscope microscope = await Microscope.OpenAsync(
            "stories", OneThread with { Storage = WeightStorage.F32 });
        Specimen text = microscope.Prepare("The cat sat on the mat.");
        TeacherForcing taught = await microscope.TeachAsync(text);
        Assert.Null(taught.NoGradients);
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var tape = new Tape(ops);
        int[] ids = [.. text.Tokens.Select(token => token.Id)];
        using Tensor hidden = microscope.Model.Forward(tape, new RaggedBatchBuilder().Add(ids.AsSpan(0, ids.Length - 1)).Build());
        using Tensor loss = microscope.Model.Loss(tape, hidden, ids.AsMemory(1), new CrossEntropyOptions());
        tape.Backward(loss);
        Assert.Equal(loss.ToArray()[0], taught.TrainedLoss);
        double sum = 0;
        foreach (ModelParameter one in microscope.Model.Parameters.Where(one => one.Parameter.Gradient is not null))
            sum += one.Parameter.Gradient!.ToArray().Sum(value => (double)value * value);
        Assert.Equal(Math.Sqrt(sum), taught.GradientNorm, 1e-6 * Math.Sqrt(sum));
        Assert.Contains(taught.Gradients, one => one.Path == "layers.0.attention.q" && one.Norm > 0);
    }

    [Theory]
    [InlineData("fill")]
    [InlineData("zh-en-nar")]
    [InlineData("zh-en")]
    public async Task Other_models_are_taught_what_they_are_trained_for(string name)
    {
        await using Microscope microscope = await Microscope.OpenAsync(name, OneThread);
        Specimen text = microscope.Model.Spec.IsEncoderDecoder
            ? microscope.Prepare("I love studying.", "translate Chinese to English: 我爱学习")
            : microscope.Prepare("The sky is blue today.");
        TeacherForcing taught = await microscope.TeachAsync(text);
        Assert.NotEmpty(taught.Losses);
        Assert.All(taught.Losses, loss => Assert.InRange(loss.Loss, 0, 30));
        if (taught.TrainedLoss is { } trained)
            Assert.Equal(taught.Mean, trained, 1e-4);
    }

    /// <summary>Weights in blocks: what is seen is what the engine computes with them, bit for bit.</summary>
    [Theory]
    [InlineData("q8_0")]
    [InlineData("q4_k_m")]
    public async Task Quantised_models_are_looked_into_too(string mix)
    {
        using var folder = new TempFolder();
        string file = TinyModels.WriteQuantised(folder.Path, mix)[0].Path;
        await using LanguageModel model = await LanguageModel.OpenAsync(file, OneThread);
        Microscope microscope = Microscope.Of(model);
        Specimen text = microscope.Prepare("the cat sat on the mat and");
        GenerationResult expected = await model.CompleteAsync("the cat sat on the mat and",
            new GenerateOptions { Seed = 3, MaxNewTokens = 6 });
        using Walk walk = await microscope.WalkAsync(text, new WalkOptions { Seed = 3, MaxNewTokens = 6 });
        foreach (int id in expected.Choices[0].TokenIds)
        {
            Assert.Equal(id, walk.Next!.Token.Id);
            await walk.ForwardAsync();
        }

        // A pass of the model with nobody looking on.
        int last = text.Tokens.Count - 1;
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor hidden = model.Model.Forward(ops, new RaggedBatchBuilder().Add(text.Ids, outputs: Outputs.All).Build());
        using Tensor logits = model.Model.Project(ops, hidden, new[] { last });
        Capture seen = await microscope.LookAsync(text, new CaptureFilter
        {
            Kinds = CaptureKinds.Logits | CaptureKinds.Hidden | CaptureKinds.Attention | CaptureKinds.Lens,
            Rows = [last],
        });
        Assert.Equal(logits.ToArray(), seen.LogitsOf(last));
        Assert.Equal(hidden.ToArray()[^hidden.Columns..], seen.Of(CaptureKinds.Hidden).Single().Values);
        Assert.All(seen.Attention, row => Assert.Equal(1, row.Weights.Sum(), 1e-5));
        Assert.Equal(ScoredToken.Best(seen.LogitsOf(last)!, 1)[0].Id, seen.Lens[^1].Best[0].Id);

        // Blocks are not trained: norms alone have gradients.
        TeacherForcing taught = await microscope.TeachAsync(text);
        Assert.Equal(last, taught.Losses.Count);
        Assert.Equal(5, taught.Gradients.Count);
        Assert.All(taught.Gradients, one => Assert.Contains("norm", one.Path, StringComparison.Ordinal));
    }

    /// <summary>
    /// Looks at early layers do not pay for late ones, and several looks pay for one pass; what is seen has the same bits.
    /// </summary>
    [Theory]
    [InlineData("stories", StackSide.Decoder)]
    [InlineData("zh-en", StackSide.Decoder)]
    [InlineData("zh-en", StackSide.Encoder)]
    [InlineData("fill", StackSide.Encoder)]
    public async Task What_nobody_wants_is_not_computed(string name, StackSide side)
    {
        await using Microscope microscope = await Microscope.OpenAsync(name, OneThread);
        Specimen text = microscope.Model.Spec.IsEncoderDecoder
            ? microscope.Prepare("I love studying.", "translate Chinese to English: 我爱学习")
            : microscope.Prepare("The sky is blue today.");
        var all = new CaptureFilter
        {
            Kinds = CaptureKinds.Attention | CaptureKinds.Residual | CaptureKinds.Query | CaptureKinds.Lens,
            Stack = side,
        };
        CaptureFilter first = all with { Layers = [0] }, head = all with { Layers = [0, 1], Heads = [1], Rows = [2] };
        Capture whole = await microscope.LookAsync(text, all);
        Capture early = await microscope.LookAsync(text, first);
        IReadOnlyList<Capture> both = await microscope.LookManyAsync(text, [first, head]);
        int before = side == StackSide.Decoder && microscope.Map.Stacks.Count == 2 ? microscope.Map.Stacks[0].Layers.Count : 0;
        Assert.Equal(microscope.Map.Stacks.Sum(stack => stack.Layers.Count), whole.LayersRun);
        Assert.Equal(before + 1, early.LayersRun);
        Assert.Equal(before + 2, both[0].LayersRun);
        Same(whole.Rows.Where(row => row.Place.Layer == 0), early.Rows);
        Same(early.Rows, both[0].Rows);
        Same(whole.Rows.Where(row => row.Place.Layer is 0 or 1 && row.Position == 2 && row.Head is null or 1), both[1].Rows);
        Assert.Equal(early.Attention.Select(row => row.Weights), both[0].Attention.Select(row => row.Weights));
        Assert.Equal(early.BytesRead, both[0].BytesRead);
        Assert.Equal((await microscope.LookAsync(text, head)).BytesRead, both[1].BytesRead);

        static void Same(IEnumerable<CapturedRow> expected, IEnumerable<CapturedRow> seen)
        {
            Assert.Equal(expected.Select(row => (row.Place, row.Kind, row.Position, row.Head)),
                seen.Select(row => (row.Place, row.Kind, row.Position, row.Head)));
            Assert.Equal(expected.Select(row => row.Values), seen.Select(row => row.Values));
        }
    }

    /// <summary>
    /// What the page's stations ask for costs the same of a large model as of a small one with the same heads: attention by
    /// heads and positions shown, vectors by their width, logits by the vocabulary, the lens alone by layers; nothing by the
    /// number of weights.
    /// </summary>
    [Fact]
    public async Task What_a_view_reads_does_not_grow_with_the_model()
    {
        using var folder = new TempFolder();
        Dictionary<string, long> small = await ReadAsync(folder.Path, layers: 2, inner: 64);
        Dictionary<string, long> large = await ReadAsync(folder.Path, layers: 32, inner: 1024);
        foreach ((string view, long bytes) in small)
        {
            if (view == "lens")
                Assert.True(large[view] * 3 == bytes * 33, $"{view}: {bytes} and {large[view]} bytes"); // and the embedding
            else
                Assert.True(large[view] == bytes, $"{view}: {bytes} and {large[view]} bytes");
            Assert.InRange(large[view], 1, 1 << 19);
        }
    }

    private static async Task<Dictionary<string, long>> ReadAsync(string folder, int layers, int inner)
    {
        string own = Path.Combine(folder, $"{layers}");
        Directory.CreateDirectory(own);
        TinyModels.WriteLlama(own, chat: false, layers: layers, inner: inner);
        await using Microscope microscope = await Microscope.OpenAsync(own, OneThread);
        Specimen text = microscope.Prepare("the cat number 3 sat on the mat and sang a song of 4 mice");
        int last = text.Tokens.Count - 1;
        int[] rows = [.. Enumerable.Range(0, text.Tokens.Count)];
        var filters = new Dictionary<string, CaptureFilter>
        {
            ["embedding"] = new() { Kinds = CaptureKinds.Embedding | CaptureKinds.Residual, Layers = [-1, 0], Rows = [last] },
            ["layer"] = new() { Kinds = CaptureKinds.Lengths | CaptureKinds.Experts, Layers = [1], Rows = [last] },
            ["heads"] = new() { Kinds = CaptureKinds.Attention, Layers = [1], Rows = [last] },
            ["head"] = new() { Kinds = CaptureKinds.Attention, Layers = [1], Heads = [0], Rows = rows },
            ["strips"] = new()
            {
                Kinds = CaptureKinds.Query | CaptureKinds.Key | CaptureKinds.Value | CaptureKinds.Mixed,
                Layers = [1],
                Heads = [0],
                Rows = [last],
            },
            ["lens"] = new() { Kinds = CaptureKinds.Lens, Rows = [last], LensTop = 4 },
            ["logits"] = new() { Kinds = CaptureKinds.Hidden | CaptureKinds.Logits, Rows = [last] },
        };
        var read = new Dictionary<string, long>();
        foreach ((string view, CaptureFilter filter) in filters)
            read[view] = (await microscope.LookAsync(text, filter)).BytesRead;
        return read;
    }

    /// <summary>
    /// The width, heads and vocabulary of 7 billion parameters, in blocks of 4 bits: what the page's stations ask for is read in
    /// kilobytes. Two layers of them; what comes out of one does not depend on how many there are (the test above).
    /// </summary>
    [Fact]
    [Trait("Category", "Long")]
    public async Task A_model_as_wide_as_7B_gives_kilobytes_to_a_view()
    {
        using var folder = new TempFolder();
        string file = TinyModels.WriteWide(
            folder.Path, width: 4096, heads: 32, inner: 11008, vocabulary: 32000, layers: 2, "q4_k_m");
        await using Microscope microscope = await Microscope.OpenAsync(file);
        int[] ids = [.. Enumerable.Range(5, 64)];
        Specimen text = microscope.Prepare(ids);
        foreach ((CaptureKinds kinds, long most) in ((CaptureKinds, long)[])[
            (CaptureKinds.Attention, 32L * 64 * 8), // a weight and a key for each head and position, at the most
            (CaptureKinds.Lengths, 64), (CaptureKinds.Residual, 6 * 4096 * 4), (CaptureKinds.Hidden, 4096 * 4),
            (CaptureKinds.Logits, 32000 * 4), (CaptureKinds.Lens, 3 * 32000 * 4)])
        {
            Capture seen = await microscope.LookAsync(text, new CaptureFilter
            {
                Kinds = kinds,
                Layers = kinds is CaptureKinds.Attention or CaptureKinds.Lengths or CaptureKinds.Residual ? [1] : null,
                Rows = [63],
            });
            Assert.InRange(seen.BytesRead, 1, most);
        }

        using Walk walk = await microscope.WalkAsync(text, new WalkOptions { MaxNewTokens = 2 });
        Assert.Equal(32000, walk.Logits.Count);
        await walk.ForwardAsync();
    }

    [Fact]
    public async Task What_cannot_be_looked_at_says_why()
    {
        await using Microscope decoder = await Microscope.OpenAsync("stories", OneThread);
        await using Microscope filler = await Microscope.OpenAsync("fill", OneThread);
        Assert.Throws<ModelTaskException>(() => decoder.Prepare("", "source"));
        Assert.Throws<ModelTaskException>(() => decoder.Prepare([]));
        Assert.Throws<PromptTooLongException>(() => decoder.Prepare(string.Concat(Enumerable.Repeat("word ", 20_000))));
        await Assert.ThrowsAsync<ModelTaskException>(() => filler.WalkAsync(filler.Prepare("The sky")));
        using Walk walk = await decoder.WalkAsync(decoder.Prepare("A"), new WalkOptions { MaxNewTokens = 1 });
        await walk.ForwardAsync();
        Assert.Null(walk.Next);
        await Assert.ThrowsAsync<InvalidOperationException>(() => walk.ForwardAsync());
    }
}
