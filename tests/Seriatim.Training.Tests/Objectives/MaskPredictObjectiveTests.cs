namespace Seriatim.Training.Tests;

/// <summary>Which tokens of whole targets are masked, and what the lengths shall be.</summary>
public sealed class MaskPredictObjectiveTests : IDisposable
{
    private static readonly LengthSpec Lengths = new(LengthSource.Mean, 256, 64);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_uniform_number_of_tokens_is_masked_and_predicted(bool framed)
    {
        MaskPredictSpec spec = new(2, Lengths)
        {
            Frame = framed ? new TargetFrame(1, 0) : null,
            LengthLossFactor = framed ? 0.1f : null,
        };
        using TokenCache cache = Pairs(string.Join('\n', Enumerable.Repeat("abc\tdefghijkl", 3000)));
        var objective = new MaskPredictObjective(spec, seed: 5);
        ExamplePiece[] pieces = Pieces(cache);
        TrainingBatch batch = objective.Make(pieces);
        int[] original = spec.Frame?.Around(pieces[0].Target) ?? pieces[0].Target.ToArray(), tokens = batch.Rows.Tokens.ToArray();
        Assert.Equal(framed ? 11 : 10, original.Length); // the end is there already
        var counts = new Dictionary<int, int>();
        int label = 0;
        for (int i = 0; i < pieces.Length; i++)
        {
            int first = batch.Rows.Segments[i].FirstRow, count = 0;
            for (int place = 0; place < original.Length; place++)
            {
                if (tokens[first + place] == original[place])
                    continue;
                Assert.Equal((2, first + place, original[place]),
                    (tokens[first + place], batch.LabelRows[label], batch.Labels[label]));
                Assert.False(framed && place is 0 or 10 && framed, "the frame is never masked");
                (count, label) = (count + 1, label + 1);
            }

            counts[count] = counts.GetValueOrDefault(count) + 1;
            Assert.Equal(new EncoderRows(i * 4, 4), batch.Rows.Segments[i].Encoder);
        }

        Assert.Equal(batch.Labels.Length, label);
        Assert.Equal(Enumerable.Range(1, 9), counts.Keys.Order()); // 9 of 9 between the frame; without one, one of 10 stays
        Assert.All(counts.Values, count => Assert.InRange(count, 270, 400));
        Assert.All(batch.Lengths!.Classes, c => Assert.Equal(original.Length, c));
        Assert.Equal(framed ? 0.1f * batch.Labels.Length / 3000 : 1, batch.Lengths.Weight);
        Assert.All(pieces, piece => Assert.True(objective.RowsOf(piece) >= 4 + original.Length));
        Assert.Equal(tokens, objective.Make(pieces).Rows.Tokens.ToArray());
        Assert.NotEqual(tokens, objective.Make([.. pieces.Select(p => p with { Draw = p.Draw + 5000 })]).Rows.Tokens.ToArray());
    }

    [Fact]
    public void What_is_no_pair_is_refused_by_its_number()
    {
        using TokenCache cache = Pairs("ab\tcd\nef\tg", eos: null);
        var objective = new MaskPredictObjective(new MaskPredictSpec(2, Lengths) { Frame = new TargetFrame(1, 0) }, seed: 5);
        Assert.Equal(62, objective.LongestTarget(100));
        ExamplePiece[] pieces = Pieces(cache);
        Assert.NotEmpty(objective.Make(pieces).Labels);
        Assert.Contains("Example 2", Assert.Throws<DataException>(() =>
            objective.Make([pieces[0], pieces[1] with { Length = 0 }])).Message);
    }

    [Fact]
    public void Recipes_refuse_what_it_cannot_be_joined_with()
    {
        foreach ((string key, string value, string message) in new[]
        {
            ("scheduled_sampling", "0.1", "mask_predict"), ("model_config", ObjectiveRunTests.T5, "at once"),
            ("teacher_model_name_or_path", "\"out\"", "distill"),
        })
        {
            using TinyRun run = Run();
            run.Recipe[key] = System.Text.Json.Nodes.JsonNode.Parse(value);
            Exception failure = Assert.ThrowsAny<Exception>(() => run.Trainer(1));
            Assert.Contains(message, failure.Message);
        }
    }

    [Fact]
    public void Validation_says_how_often_the_length_is_right()
    {
        using TinyRun run = Run();
        using Trainer trainer = run.Trainer(1);
        TokenScores scores = trainer.Run().Validation!.Value;
        Assert.Equal(8, scores.Lengths);
        Assert.True(scores.LengthAccuracy > 0.5, $"{scores.CorrectLengths} of {scores.Lengths}");
        Assert.Contains(trainer.History, entry => entry.Values.ContainsKey("eval_length_accuracy"));
    }

    private static TinyRun Run() => ObjectiveRunTests.Make("mask_predict", ObjectiveRunTests.MaskPredict, "pairs.tsv",
        """, "format": "tsv", "target": "1", "prefix": "copy: " """);

    private static ExamplePiece[] Pieces(TokenCache cache) =>
        [.. Enumerable.Range(0, cache.Count).Select(i => new ExamplePiece(cache, i, 0, cache.Source(i).Length, (ulong)i))];

    private TokenCache Pairs(string text, int? eos = 0)
    {
        string name = $"pairs-{Guid.NewGuid():N}.tsv";
        var file = new DataFile(_folder.Write(name, text), DataFormat.Tsv) { TargetField = "1" };
        return TokenCacheBuilder.OpenOrBuild(_folder["cache"], file, Letters.Tokenizer, Letters.Json,
            new ExampleEncoding(false, eos), new BadLines(1), default);
    }
}
