namespace Seriatim.Tokenizers;

/// <summary>Trains vocabularies. The same texts and options give the same bytes, on any machine.</summary>
public static class TokenizerTrainer
{
    /// <summary>Trains a vocabulary.</summary>
    /// <param name="texts">The texts; documents or lines, as you like. They are read once.</param>
    /// <param name="options">What to train.</param>
    /// <param name="cancellationToken">Stops the training.</param>
    /// <exception cref="ArgumentException">The options do not fit together; the message says how.</exception>
    /// <exception cref="OperationCanceledException">The training was stopped.</exception>
    public static TrainedTokenizer Train(IEnumerable<string> texts, TrainerOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var plan = new TrainingPlan(options ?? new TrainerOptions());
        var counts = WordCounter.Count(texts, plan, cancellationToken);
        (IReadOnlyList<string> pieces, IReadOnlyList<(int Left, int Right)> merges, IReadOnlyList<double> scores) = plan.Options.Model switch
        {
            TrainerModel.Unigram => Scored(UnigramTrainer.Train(counts, plan, cancellationToken)),
            _ => Merged(BpeTrainer.Train(counts, plan, cancellationToken)),
        };
        return new TrainedTokenizer(TokenizerJsonWriter.Write(plan, pieces, merges, scores), TokenizerJsonWriter.WriteConfig(plan));
    }

    private static (IReadOnlyList<string>, IReadOnlyList<(int, int)>, IReadOnlyList<double>) Merged(
        (IReadOnlyList<string> Pieces, IReadOnlyList<(int, int)> Merges) result) => (result.Pieces, result.Merges, []);

    private static (IReadOnlyList<string>, IReadOnlyList<(int, int)>, IReadOnlyList<double>) Scored(
        (IReadOnlyList<string> Pieces, IReadOnlyList<double> Scores) result) => (result.Pieces, [], result.Scores);
}
