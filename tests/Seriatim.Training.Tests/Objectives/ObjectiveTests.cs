namespace Seriatim.Training.Tests;

public sealed class ObjectiveTests : IDisposable
{
    private readonly TempFolder _folder = new();

    [Fact]
    public void Each_id_predicts_the_next()
    {
        using TokenCache cache = Lines("abc\nde");
        TrainingBatch batch = new NextTokenObjective().Make(Pieces(cache));
        Assert.Equal(Letters.Tokenizer.Encode("abd"), batch.Rows.Tokens.ToArray());
        Assert.Equal(Letters.Tokenizer.Encode("bce"), batch.Labels);
        Assert.Equal([0, 1, 2], batch.LabelRows);
        Assert.Equal(2, batch.Rows.Segments.Count);
    }

    [Fact]
    public void The_decoder_is_fed_the_target_shifted_by_one()
    {
        var file = new DataFile(_folder.Write("p.tsv", "ab\tc\nx\tyz"), DataFormat.Tsv) { TargetField = "1", Prefix = "q: " };
        using TokenCache cache = Cache(file, new ExampleEncoding(false, 0));
        TrainingBatch batch = new SequenceToSequenceObjective(startId: 1).Make(Pieces(cache));
        int[] Ids(string text) => Letters.Tokenizer.Encode(text);
        Assert.Equal([.. Ids("q: ab"), 0, .. Ids("q: x"), 0], batch.Source!.Tokens.ToArray());
        Assert.Equal([1, .. Ids("c"), 1, .. Ids("yz")], batch.Rows.Tokens.ToArray());
        Assert.Equal([.. Ids("c"), 0, .. Ids("yz"), 0], batch.Labels);
        Assert.Equal(new EncoderRows(6, 5), batch.Rows.Segments[1].Encoder);
    }

    [Fact]
    public void Masks_fall_80_10_10_and_never_on_special_ids()
    {
        using TokenCache cache = Lines(string.Join('\n', Enumerable.Repeat("thequickbrownfoxjumpsoverthelazydog", 400)), eos: 0);
        var objective = new MaskedTokenObjective(maskId: 2, 33, id => id < 3, seed: 5);
        ExamplePiece[] pieces = Pieces(cache);
        TrainingBatch batch = objective.Make(pieces);
        int[] ids = batch.Rows.Tokens.ToArray();
        int[] original = [.. pieces.SelectMany(p => p.Source.ToArray())];
        Assert.Equal(batch.Labels, batch.LabelRows.Select(r => original[r]));
        Assert.DoesNotContain(batch.Labels, l => l < 3);
        Assert.Equal(0.15, (double)batch.Labels.Length / original.Count(id => id >= 3), 0.01);
        double masked = batch.LabelRows.Count(r => ids[r] == 2) / (double)batch.Labels.Length;
        double same = batch.LabelRows.Count(r => ids[r] == original[r]) / (double)batch.Labels.Length;
        Assert.Equal(0.8, masked, 0.03);
        Assert.Equal(0.1 + 0.1 / 30, same, 0.02);
        var chosen = batch.LabelRows.ToHashSet();
        Assert.All(Enumerable.Range(0, ids.Length).Where(r => !chosen.Contains(r)), r => Assert.Equal(original[r], ids[r]));
        Assert.Equal(ids, objective.Make(pieces).Rows.Tokens.ToArray());
        Assert.NotEqual(batch.LabelRows, objective.Make([.. pieces.Select(p => p with { Draw = p.Draw + 1000 })]).LabelRows);
    }

    [Fact]
    public void Every_piece_to_mask_lies_in_the_frame_of_the_tokenizer()
    {
        using TokenCache cache = Lines("thequickbrownfox\njumps", eos: 0);
        var frame = new SequenceFrame([1], [0, 1]);
        var objective = new MaskedTokenObjective(maskId: 2, 33, id => id < 3, seed: 5, frame: frame);
        ExamplePiece[] pieces = Pieces(cache);
        TrainingBatch batch = objective.Make(pieces);
        Assert.Equal(pieces.Sum(objective.RowsOf), batch.Rows.Tokens.Length);
        Assert.Equal(13, objective.LongestSource(16));
        int row = 0;
        foreach (ExamplePiece piece in pieces)
        {
            int[] original = frame.Around(piece.Source);
            ReadOnlySpan<int> ids = batch.Rows.Tokens.Span.Slice(row, original.Length);
            Assert.Equal([1], ids[..1].ToArray());
            Assert.Equal([0, 1], ids[^2..].ToArray());
            Assert.All(batch.LabelRows.Where(r => r >= row && r < row + original.Length), r => Assert.True(original[r - row] >= 3));
            row += original.Length;
        }
    }

    [Fact]
    public void Spans_and_the_rest_put_together_are_the_text()
    {
        using TokenCache cache = Lines("thequickbrownfoxjumpsoverthelazydog\nab\nabcdefghij", eos: 0);
        int[] sentinels = [40, 39, 38, 37];
        var objective = new SpanCorruptionObjective(1, 0, sentinels, seed: 3);
        for (ulong draw = 0; draw < 50; draw++)
        {
            foreach (ExamplePiece piece in Pieces(cache))
            {
                TrainingBatch batch = objective.Make([piece with { Draw = draw }]);
                int[] source = batch.Source!.Tokens.ToArray(), target = batch.Labels;
                Assert.Equal((0, 0), (source[^1], target[^1]));
                var restored = new List<int>();
                foreach (int id in source)
                {
                    if (Array.IndexOf(sentinels, id) < 0)
                        restored.Add(id);
                    else
                        restored.AddRange(target.SkipWhile(t => t != id).Skip(1).TakeWhile(t => t != 0 && !sentinels.Contains(t)));
                }

                Assert.Equal(piece.Source.ToArray(), restored);
                int gone = target.Length - 1 - source.Count(sentinels.Contains);
                Assert.Equal(Math.Max(1, (int)Math.Round((piece.Length - 1) * 0.15)), gone);
                Assert.InRange(batch.TotalRows, 1, objective.RowsOf(piece));
            }
        }
    }

    [Fact]
    public void Batches_add_up_to_the_loss_of_one()
    {
        using TokenCache cache = Lines("abcdefg\nthe cat\nzz");
        using Model model = TinyModel.Gpt();
        using IDifferentiableOps ops = CpuOps.Create(1);
        var objective = new NextTokenObjective();
        TokenScores whole = LossPass.Evaluate(model, ops, objective.Make(Pieces(cache)));
        TokenScores sum = Pieces(cache).Select(p => LossPass.Evaluate(model, ops, objective.Make([p]))).Aggregate((a, b) => a + b);
        Assert.Equal(whole.LossSum, sum.LossSum, 1e-4);
        Assert.Equal((13L, whole.Correct), (sum.Labels, sum.Correct));
        Assert.Equal(whole.LossSum, LossPass.Train(model, ops, objective.Make(Pieces(cache))), 1e-4);
        var error = Assert.Throws<ArgumentException>(() => new SequenceToSequenceObjective(0).Check(model));
        Assert.Contains("SequenceToSequence", error.Message);
    }

    [Fact]
    public void Scores_are_means_of_sums()
    {
        TokenScores scores = new TokenScores(Math.Log(2) * 6, 4, 1) + new TokenScores(Math.Log(2) * 2, 4, 3);
        Assert.Equal(Math.Log(2), scores.Loss, 1e-12);
        Assert.Equal(2, scores.Perplexity, 1e-12);
        Assert.Equal(0.5, scores.Accuracy);
        Assert.Equal(0.5, scores.BitsPerByte(16), 1e-12);
    }

    public void Dispose() => _folder.Dispose();

    private static ExamplePiece[] Pieces(TokenCache cache) =>
        [.. Enumerable.Range(0, cache.Count).Select(i => new ExamplePiece(cache, i, 0, cache.Source(i).Length, (ulong)i))];

    private TokenCache Lines(string text, int? eos = null) =>
        Cache(new DataFile(_folder.Write("l.txt", text), DataFormat.Lines), new ExampleEncoding(false, eos));

    private TokenCache Cache(DataFile file, ExampleEncoding encoding) =>
        TokenCacheBuilder.OpenOrBuild(_folder["cache"], file, Letters.Tokenizer, Letters.Json, encoding, new BadLines(0));
}
