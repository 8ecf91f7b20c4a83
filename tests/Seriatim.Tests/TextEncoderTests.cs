using Microsoft.Extensions.AI;
using Seriatim.Generation;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>Embeddings, masks, classes and scores.</summary>
public sealed class TextEncoderTests : IDisposable
{
    private static readonly LanguageModelOptions Small = new() { Threads = 1 };

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Embeddings_come_in_order_pooled_and_scaled()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        string[] texts = ["the cat", "a song of mice", "the cat"];
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync(texts);
        Assert.Equal(vectors[0], vectors[2]);
        Assert.NotEqual(vectors[0], vectors[1]);
        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => (double)value * value), 5));
        Assert.Equal((await encoder.EmbedAsync([texts[1]]))[0], vectors[1]);
        float[] raw = (await encoder.EmbedAsync([texts[0]], new() { Pooling = PoolingKind.First, Normalize = false }))[0];
        Assert.NotEqual(vectors[0], raw);
        using IEmbeddingGenerator<string, Embedding<float>> generator = encoder.AsEmbeddingGenerator();
        GeneratedEmbeddings<Embedding<float>> generated = await generator.GenerateAsync(texts);
        Assert.Equal(vectors[1], generated[1].Vector.ToArray());
        Assert.Equal(32, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions);
        await Assert.ThrowsAsync<NotSupportedException>(() =>
            generator.GenerateAsync(texts, new EmbeddingGenerationOptions { Dimensions = 8 }));
        await Assert.ThrowsAsync<PromptTooLongException>(() =>
            encoder.EmbedAsync([string.Concat(Enumerable.Repeat("cat ", 100))]));
    }

    [Fact]
    public async Task Masks_are_filled_with_probabilities()
    {
        TinyModels.WriteBert(_folder.Path, "BertForMaskedLM");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        IReadOnlyList<IReadOnlyList<FilledMask>> masks = await encoder.FillAsync("the [MASK] sat on a [MASK]", top: int.MaxValue);
        Assert.Equal(2, masks.Count);
        Assert.All(masks, mask => Assert.Equal(1, mask.Sum(filled => filled.Probability), 6));
        Assert.All(masks, mask => Assert.Equal(mask.OrderByDescending(filled => filled.Probability), mask));
        Assert.Contains("[MASK]", (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.FillAsync("nothing"))).Message);
        Assert.Contains("classify",
            (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.ClassifyAsync("the cat"))).Message);
    }

    [Fact]
    public async Task Tokens_are_tagged_and_joined()
    {
        TinyModels.WriteBert(_folder.Path, "BertForTokenClassification");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        const string Text = "the cat sat on the mat";
        IReadOnlyList<TaggedToken> tokens = await encoder.TagAsync(Text);
        Assert.NotEmpty(tokens);
        Assert.All(tokens, token => Assert.Equal(Text[token.Start..token.End], token.Text));
        Assert.All(tokens, token => Assert.Contains(token.Label, encoder.Labels));
        Assert.Equal(Text.Replace(" ", ""), string.Concat(tokens.Select(token => token.Text)).Replace(" ", ""));
        IReadOnlyList<TextEntity> runs = TextEntity.Join(Text, tokens);
        Assert.Equal(tokens.Average(token => token.Probability),
            tokens.Count == 0 ? 0 : runs.Sum(run => run.Probability * tokens.Count(t => t.Start >= run.Start && t.End <= run.End))
                / tokens.Count, 6);
        Assert.Contains("answer questions",
            (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.AnswerAsync("who?", Text))).Message);
    }

    [Fact]
    public void Entities_begin_at_b_and_end_at_another_kind()
    {
        const string Text = "Ada Byron met Ada in Paris";
        TaggedToken At(string word, int from, string label, double p = 0.5)
        {
            int start = Text.IndexOf(word, from, StringComparison.Ordinal);
            return new TaggedToken { Start = start, End = start + word.Length, Text = word, Label = label, Probability = p };
        }

        IReadOnlyList<TextEntity> found = TextEntity.Join(Text,
        [
            At("Ada", 0, "B-PER", 0.9), At("Byron", 0, "I-PER", 0.7), At("met", 0, "O"), At("Ada", 4, "I-PER"), At("in", 14, "O"),
            At("Paris", 0, "B-LOC"),
        ]);
        Assert.Equal([("Ada Byron", "PER"), ("Ada", "PER"), ("Paris", "LOC")], found.Select(one => (one.Text, one.Kind)));
        Assert.Equal(0.8, found[0].Probability, 9);
        Assert.Equal(2, TextEntity.Join(Text, [At("Ada", 0, "B-PER"), At("Byron", 0, "B-PER")]).Count);
        Assert.Empty(TextEntity.Join(Text, []));
    }

    [Fact]
    public async Task Answers_are_spans_of_the_text()
    {
        TinyModels.WriteBert(_folder.Path, "BertForQuestionAnswering");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        const string Text = "the cat sat on the mat and sang a song of mice";
        IReadOnlyList<TextAnswer> all = await encoder.AnswerAsync("who sat?", Text, new() { Count = 10000, AllowsNone = true });
        Assert.Single(all, answer => answer.IsNone);
        Assert.Equal(all.OrderByDescending(answer => answer.Probability), all);
        Assert.All(all, answer => Assert.Equal(Text[answer.Start..answer.End], answer.Text));
        Assert.True(all.Sum(answer => answer.Probability) <= 1 + 1e-9);
        TextAnswer best = (await encoder.AnswerAsync("who sat?", Text))[0];
        Assert.Equal(all.First(answer => !answer.IsNone), best);
        IReadOnlyList<TextAnswer> words = await encoder.AnswerAsync("who sat?", Text, new() { Count = 10000, LongestAnswer = 1 });
        Assert.True(words.Count < all.Count);
        Assert.Contains("tag tokens", (await Assert.ThrowsAsync<ModelTaskException>(() => encoder.TagAsync(Text))).Message);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => encoder.AnswerAsync("who?", Text, new() { Count = 0 }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => encoder.AnswerAsync("who?", Text, new() { Stride = -1 }));
        await Assert.ThrowsAsync<PromptTooLongException>(() =>
            encoder.AnswerAsync(string.Concat(Enumerable.Repeat("cat ", 100)), "who?"));
    }

    /// <summary>Each piece is asked as if it were a text of its own, and the best of all is the answer.</summary>
    [Fact]
    public async Task Texts_that_are_too_long_are_asked_in_pieces()
    {
        TinyModels.WriteBert(_folder.Path, "BertForQuestionAnswering");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        string text = string.Join(' ', Enumerable.Range(0, 60).Select(i => i % 3 == 0 ? "the cat sat" : "on a mat of mice"));
        IReadOnlyList<EncodedToken> tokens = encoder.Tokenizer.EncodePair("who sat?", text);
        IReadOnlyList<EncodedToken>[] pieces = [.. AnswerPieces.Of(tokens, 64, 10)];
        Assert.True(pieces.Length > 3);
        Assert.All(pieces, piece => Assert.True(piece.Count <= 64));
        EncodedToken[] asked = [.. tokens.Where(token => token.Sequence == 1)];
        Assert.Equal(asked, pieces.SelectMany((piece, i) => piece.Where(token => token.Sequence == 1).Skip(i == 0 ? 0 : 10)));
        var options = new AnswerOptions { Count = 5, Stride = 10, AllowsNone = true };
        IReadOnlyList<TextAnswer> answers = await encoder.AnswerAsync("who sat?", text, options);
        Assert.Equal(5, answers.Count);
        Assert.Equal(answers.OrderByDescending(answer => answer.Probability), answers);
        Assert.Equal(5, answers.Select(answer => (answer.Start, answer.End, answer.IsNone)).Distinct().Count());
        var best = new List<TextAnswer>();
        foreach (IReadOnlyList<EncodedToken> piece in pieces)
        {
            int start = piece.First(token => token.Sequence == 1).Start, end = piece.Last(token => token.Sequence == 1).End;
            TextAnswer own = (await encoder.AnswerAsync("who sat?", text[start..end]))[0];
            best.Add(own with { Start = own.Start + start, End = own.End + start });
        }

        Assert.Equal(best.MaxBy(answer => answer.Probability), answers.First(answer => !answer.IsNone));
    }

    [Theory]
    [InlineData("longformer")]
    [InlineData("big_bird")]
    [InlineData("linformer")]
    public async Task Sparse_attention_is_read_like_any(string family)
    {
        TinyModels.WriteSparse(_folder.Path, family);
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        string text = "the [MASK] sat on a [MASK] and sang a song of seven mice and the cat number four sat on the mat";
        IReadOnlyList<IReadOnlyList<FilledMask>> masks = await encoder.FillAsync(text, top: int.MaxValue);
        Assert.Equal(2, masks.Count);
        Assert.All(masks, mask => Assert.Equal(1, mask.Sum(filled => filled.Probability), 6));
        IReadOnlyList<float[]> vectors = await encoder.EmbedAsync([text, "the cat", text]);
        Assert.Equal(vectors[0], vectors[2]);
        Assert.Equal((await encoder.EmbedAsync(["the cat"]))[0], vectors[1]);
        var request = new EncodingRequest
        {
            Tokens = encoder.Tokenizer.Encode(text),
            Pooling = PoolingKind.Last,
            Pattern = new() { Globals = [0] },
        };
        if (family != "longformer")
        {
            Assert.Contains("global",
                (await Assert.ThrowsAsync<InvalidOptionException>(() => encoder.Engine.EncodeAsync(request))).Message);
            return;
        }

        Assert.NotEqual(
            (await encoder.Engine.EncodeAsync(request with { Pattern = null })).Embedding,
            (await encoder.Engine.EncodeAsync(request)).Embedding);
        Assert.Contains("90", (await Assert.ThrowsAsync<InvalidOptionException>(
            () => encoder.Engine.EncodeAsync(request with { Pattern = new() { Globals = [90] } }))).Message);
    }

    [Fact]
    public async Task Classes_have_names_and_pairs_count()
    {
        TinyModels.WriteBert(_folder.Path, "BertForSequenceClassification");
        using TextEncoder encoder = await TextEncoder.OpenAsync(_folder.Path, Small);
        IReadOnlyList<ClassProbability> classes = await encoder.ClassifyAsync("the cat");
        Assert.Equal(["bad", "good"], classes.Select(c => c.Label));
        Assert.Equal(1, classes.Sum(c => c.Probability), 9);
        Assert.NotEqual(classes[0].Probability, (await encoder.ClassifyAsync("the cat", "sat on the mat"))[0].Probability);
        await Assert.ThrowsAsync<ModelTaskException>(() => encoder.FillAsync("[MASK]"));
    }

    [Fact]
    public async Task Scores_are_those_of_generation()
    {
        TinyModels.WriteLlama(_folder.Path);
        using LanguageModel model = await LanguageModel.OpenAsync(_folder.Path, Small);
        GenerationRequest request = model.Request("the cat") with
        {
            MaxNewTokens = 6,
            Logprobs = 0,
            Seed = 1,
            IgnoreEndIds = true,
        };
        GenerationChoice choice = (await model.CompleteAsync(request)).Choices[0];
        GenerationRequest whole = request with
        {
            Prompt = new[] { request.Prompt.ToArray(), [.. choice.TokenIds] }.SelectMany(ids => ids).ToArray(),
            MaxNewTokens = 0,
            PromptLogprobs = 0,
        };
        GenerationResult scored = await model.CompleteAsync(whole);
        Assert.Equal(choice.Logprobs!.Select(p => p.Chosen), scored.PromptLogprobs!.TakeLast(6).Select(p => p.Chosen));
        TextScore score = await model.ScoreAsync("the cat sat on the mat");
        Assert.Equal(score.TokenIds.Count - 1, score.Logprobs.Count);
        Assert.Equal(Math.Exp(-score.Logprob / score.Logprobs.Count), score.Perplexity);
        await Assert.ThrowsAsync<ModelTaskException>(() => model.ScoreAsync("the", source: "x"));
        Assert.Contains("t5",
            (await Assert.ThrowsAsync<ModelTaskException>(() => Translator.OpenAsync(_folder.Path, Small))).Message);
    }
}
