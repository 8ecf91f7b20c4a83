namespace Seriatim.Training;

/// <summary>Which checkpoint is the best one, and what follows from it.</summary>
/// <param name="Metric"><c>metric_for_best_model</c>: the figure of evaluations that is compared, e.g. <c>eval_loss</c>.</param>
/// <param name="GreaterIsBetter"><c>greater_is_better</c>.</param>
/// <param name="LoadAtEnd"><c>load_best_model_at_end</c>: the finished model is the best checkpoint, not the last.</param>
/// <param name="Patience">
/// <c>early_stopping_patience</c>: evaluations without a new best after which training ends; 0: never.
/// </param>
public sealed record BestModelOptions(string Metric, bool GreaterIsBetter, bool LoadAtEnd, int Patience)
{
    private static readonly string[] Metrics =
        ["eval_loss", "eval_perplexity", "eval_accuracy", "eval_bits_per_byte", "eval_bleu", "eval_chrf"];

    /// <summary>The figures that need generated text.</summary>
    internal bool NeedsGeneration => Metric is "eval_bleu" or "eval_chrf";

    /// <summary>The best checkpoint after one more evaluation; null as long as no figure was finite.</summary>
    internal BestModel? After(BestModel? best, double value, long step)
    {
        if (double.IsFinite(value) && (best is null || (GreaterIsBetter ? value > best.Value : value < best.Value)))
            return new BestModel(value, step, 0);
        return best is null ? null : best with { Since = best.Since + 1 };
    }

    /// <summary>Null if the recipe has none of the keys.</summary>
    internal static BestModelOptions? Read(RecipeReader reader)
    {
        bool load = reader.Flag("load_best_model_at_end", false);
        int patience = (int)reader.Whole("early_stopping_patience", 0, 1);
        if (!reader.Has("metric_for_best_model") && !load && patience == 0)
        {
            return reader.Has("greater_is_better")
                ? throw reader.Wrong("greater_is_better", "metric_for_best_model beside it")
                : null;
        }
        // Hugging Face takes both forms.
        string metric = reader.OneOf("metric_for_best_model", "eval_loss",
            [.. Metrics.Select(name => (name, name)), .. Metrics.Select(name => (name["eval_".Length..], name))]);
        bool greater = metric is "eval_accuracy" or "eval_bleu" or "eval_chrf";
        return new BestModelOptions(metric, reader.Flag("greater_is_better", greater), load, patience);
    }
}
