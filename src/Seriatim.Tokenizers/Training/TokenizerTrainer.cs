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
        TrainedVocabulary vocabulary = plan.Options.Model == TrainerModel.Unigram
            ? UnigramTrainer.Train(counts, plan, cancellationToken) : BpeTrainer.Train(counts, plan, cancellationToken);
        return new TrainedTokenizer(TokenizerJsonWriter.Write(plan, vocabulary), TokenizerJsonWriter.WriteConfig(plan));
    }
}
