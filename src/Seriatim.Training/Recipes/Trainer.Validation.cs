using System.Diagnostics;

namespace Seriatim.Training;

/// <summary>Evaluations of a run.</summary>
public sealed partial class Trainer
{
    /// <summary>
    /// Scores on the validation data with the present weights, or their average if one is kept; null without such data. Of
    /// several processes all call it, and each takes some of the batches.
    /// </summary>
    public TokenScores? Evaluate() => Averaged(() => _evaluation.Score(Model, _ops));

    private bool HasEvaluation => _history.Any(entry => entry.Step == Steps && entry.Values.ContainsKey("eval_loss"));

    private bool IsEvaluationDue =>
        _recipe.EvalSteps > 0 && Steps > 0 && Steps < TotalSteps && Steps % _recipe.EvalSteps == 0 && !HasEvaluation;

    /// <summary>Does something with the averaged weights, if an average is kept.</summary>
    private T Averaged<T>(Func<T> action)
    {
        _average?.Swap(_ops);
        try
        {
            return action();
        }
        finally
        {
            _average?.Swap(_ops);
        }
    }

    /// <summary>
    /// An evaluation that fails takes no steps with it: they are saved, and it comes again when the run goes on.
    /// </summary>
    private TokenScores? ValidateSaving(RunReport? report, CancellationToken cancellation)
    {
        try
        {
            return Validate(report, cancellation);
        }
        catch (Exception error) when (_group.Size == 1 || error is EvaluationException)
        {
            // Several processes save together or not at all: this failure all of them know.
            if (Steps > 0 && !IsSaved())
                Save();
            throw;
        }
    }

    private TokenScores? Validate(RunReport? report, CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        if (Evaluate() is not { } scores)
            return null;
        var values = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["eval_loss"] = scores.Loss,
            ["eval_perplexity"] = scores.Perplexity,
            ["eval_accuracy"] = scores.Accuracy,
        };
        if (scores.Lengths > 0)
            values["eval_length_accuracy"] = scores.LengthAccuracy;
        if (_data.ValidationBytes() is > 0 and var bytes)
            values["eval_bits_per_byte"] = scores.BitsPerByte(bytes);
        try
        {
            Averaged<object?>(() =>
            {
                _evaluation.Generate(Model, _ops, values, cancellation);
                return null;
            });
        }
        catch (OperationCanceledException) when (_group.Size > 1 || cancellation.IsCancellationRequested)
        {
            // The figures are not those of a whole evaluation: it comes again when the run goes on.
            return null;
        }

        Remember(values);
        _evaluated = (Steps, scores);
        if (_recipe.Best is { } wanted)
        {
            Best = wanted.After(Best, values[wanted.Metric], Steps);
            Store.Best = Best is null ? null : Path.Combine(_recipe.OutputFolder, Best.Folder);
        }

        report?.LogEvaluation(Steps, values, Stopwatch.GetElapsedTime(start).TotalSeconds);
        return scores;
    }
}
