using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim.Cli;

/// <summary>
/// How well a BERT-like model fills in what was masked, chosen as in its training (80 % masks, 10 % other, 10 % unchanged).
/// </summary>
internal sealed class MaskedEvaluation(TextEncoder opened, TextSettings settings, string file, int threads) : IEvaluation
{
    private const int RowsAtOnce = 4096;

    private int _done, _all;

    public string Progress => $"{_done} of {_all} batches";

    public Task<EvaluationReport> RunAsync(CancellationToken cancellation)
    {
        int mask = opened.Tokenizer.SpecialTokens.Mask
            ?? throw new UserErrorException(
                "The model's tokenizer has no mask token, so no place can be marked (mask_token in tokenizer_config.json).");
        int vocabulary = Math.Min(opened.Tokenizer.VocabularySize, opened.Model.Spec.Last.Vocabulary);
        var objective = new MaskedTokenObjective(mask, vocabulary, opened.Tokenizer.IsSpecial, settings.Seed, settings.MaskShare,
            SequenceFrame.Of(opened.Tokenizer));
        DirectoryInfo folder = Directory.CreateTempSubdirectory("seriatim-eval");
        try
        {
            var data = new DataFile(file, DataFormat.Text) { Marker = settings.Marker };
            using TokenCache cache = TokenCacheBuilder.OpenOrBuild(
                folder.FullName, data, opened.Tokenizer, [], new ExampleEncoding(AddSpecialTokens: false),
                new BadLines(long.MaxValue), cancellation);
            var limits = new ExampleLimits(objective.LongestSource(settings.Window), settings.Window, LongSequences.Split,
                objective.Overlap);
            IReadOnlyList<ExamplePiece> pieces = new ExampleDrawer([new DataSource(cache)], limits, settings.Seed).InOrder();
            return Task.FromResult(Run(objective, pieces, cache.Count, cancellation));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Dispose() => opened.Dispose();

    private EvaluationReport Run(MaskedTokenObjective objective, IReadOnlyList<ExamplePiece> pieces, int documents,
        CancellationToken cancellation)
    {
        using IDifferentiableOps ops = CpuOps.Create(threads);
        IReadOnlyList<ExamplePiece[]> batches = new BatchPacking
        {
            Tokens = Math.Max(RowsAtOnce, settings.Window),
        }.Pack(pieces, objective.RowsOf, default);
        _all = batches.Count;
        var scores = default(TokenScores);
        foreach (ExamplePiece[] batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            scores += LossPass.Evaluate(opened.Model, ops, objective.Make(batch));
            _done++;
        }

        return new EvaluationReport("masked",
        [
            ("documents", (long)documents), ("tokens", pieces.Sum(piece => (long)piece.Length)),
            ("window", (long)settings.Window), ("mask_share", settings.MaskShare),
            ("seed", $"{settings.Seed}"), ("masked", scores.Labels), ("loss", scores.Loss), ("perplexity", scores.Perplexity),
            ("accuracy", scores.Accuracy),
        ]);
    }
}
