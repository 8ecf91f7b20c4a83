using System.Runtime.InteropServices;

namespace Seriatim.Training;

/// <summary>
/// Scores of a model on the validation data of a run: likelihood, and generated targets if the recipe asks for them.
/// </summary>
internal sealed class Evaluation(TrainingRecipe recipe, TrainingSet data, Objective objective, Tokenizer tokenizer,
    TrainingOptions options)
{
    /// <summary>Ids of a generated target where neither recipe nor context limit it: an untrained model does not end.</summary>
    private const int LongestTarget = 256;

    private int _longest;

    private readonly List<(string Name, BleuTokenizer Tokenizer, ReadOnlyMemory<int>[] Sources, string[] References)> _pairs = [];

    /// <summary>Refuses a recipe whose evaluations could not give what it asks for.</summary>
    public void Check(Model model)
    {
        CheckGeneration(model);
        if (recipe.Best is not { } best)
            return;
        if (best.NeedsGeneration && recipe.Generation is null)
            throw new RecipeException($"metric_for_best_model is {best.Metric}; it needs \"predict_with_generate\": true.");
        if (data.Validation.Count == 0)
        {
            throw new RecipeException($"metric_for_best_model is {best.Metric}; there are no validation data. Give "
                + "\"validation_files\" or \"validation_split\".");
        }
        if (best.Metric == "eval_bits_per_byte" && data.ValidationBytes() == 0)
        {
            throw new RecipeException(
                $"metric_for_best_model is {best.Metric}; the objective {recipe.Objective} has no such figure.");
        }
        if (best.Patience > 0 && recipe.EvalSteps == 0)
            throw new RecipeException("early_stopping_patience counts evaluations; give \"eval_steps\".");
    }

    private void CheckGeneration(Model model)
    {
        if (recipe.Generation is not { } wanted)
            return;
        if (!objective.NeedsTargets || data.Validation.Count == 0)
            throw new RecipeException("predict_with_generate needs the objective sequence_to_sequence and validation data.");
        if (options.Generate is null)
        {
            throw new RecipeException("The recipe says predict_with_generate; give TrainingOptions.Generate, as a rule "
                + "TrainingGenerator.Generate of the package Seriatim.");
        }
        int start = model.Config.ForcedBosTokenId is null ? 1 : 2, room = model.Spec.Context - start;
        if (wanted.MaxLength > room)
        {
            throw new RecipeException($"generation_max_length is {wanted.MaxLength}; a context of {model.Spec.Context} less "
                + $"{start} ids at its start leaves {room}. Give at most {room}.");
        }
        _longest = wanted.MaxLength > 0 ? wanted.MaxLength : Math.Min(Math.Min(LongestTarget, data.Limits.Target), room);
    }

    /// <summary>Loss and accuracy of the labels; null without validation data.</summary>
    public TokenScores? Score(Model model, IOps ops)
    {
        if (data.Validation.Count == 0)
            return null;
        BatchPacking packing = recipe.Packing with { GroupByLength = false };
        IReadOnlyList<ExamplePiece[]> batches = packing.Pack(data.Validation, objective.RowsOf, default);
        var scores = new TokenScores[batches.Count];
        ProcessGroup group = options.Group;
        for (int i = group.Rank; i < scores.Length; i += group.Size)
            scores[i] = LossPass.Evaluate(model, ops, objective.Make(batches[i]));
        if (group.Size > 1)
        {
            byte[][] all = group.Gather(MemoryMarshal.AsBytes(scores.AsSpan()));
            for (int i = 0; i < scores.Length; i++)
                scores[i] = MemoryMarshal.Cast<byte, TokenScores>(all[i % group.Size])[i];
        }

        return scores.Aggregate((a, b) => a + b);
    }

    /// <summary>
    /// <c>eval_bleu</c> and <c>eval_chrf</c>: the means over the validation files; with several files also those of each,
    /// <c>eval_NAME_bleu</c>.
    /// </summary>
    public void Generate(Model model, IOps ops, SortedDictionary<string, double> values, CancellationToken cancellation)
    {
        if (recipe.Generation is not { } wanted)
            return;
        if (options.Group.Size == 1)
            Generate(wanted, model, ops, values, cancellation);
        else
            RankZero.Share(options.Group, values, () => Generate(wanted, model, ops, values, cancellation));
    }

    private void Generate(GenerationOptions wanted, Model model, IOps ops, SortedDictionary<string, double> values,
        CancellationToken cancellation)
    {
        if (_pairs.Count == 0)
            Collect(wanted.MaxSamples);
        double bleu = 0, chrf = 0;
        foreach ((string name, BleuTokenizer cut, ReadOnlyMemory<int>[] sources, string[] references) in _pairs)
        {
            IReadOnlyList<string> made = options.Generate!(
                new GenerationTask(model, ops, tokenizer, sources, _longest, wanted.Beams), cancellation);
            if (made.Count != sources.Length)
            {
                throw new InvalidOperationException(
                    $"TrainingOptions.Generate gave {made.Count} texts for {sources.Length} sources.");
            }
            string[][] right = [.. references.Select(r => (string[])[r])];
            double fileBleu = Bleu.Corpus(made, right, cut).Score, fileChrf = Chrf.Corpus(made, right);
            (bleu, chrf) = (bleu + fileBleu / _pairs.Count, chrf + fileChrf / _pairs.Count);
            if (_pairs.Count > 1)
                (values[$"eval_{name}_bleu"], values[$"eval_{name}_chrf"]) = (fileBleu, fileChrf);
        }

        (values["eval_bleu"], values["eval_chrf"]) = (bleu, chrf);
    }

    /// <summary>References are the texts of the files, not what the tokenizer made of them.</summary>
    private void Collect(int most)
    {
        foreach ((RecipeData file, IReadOnlyList<ExamplePiece> pieces) in data.ValidationFiles())
        {
            ExamplePiece[] chosen = [.. most > 0 ? pieces.Take(most) : pieces];
            int last = chosen[^1].Example;
            TextRecord[] records = [.. DataReader.Read(file.File, new BadLines(long.MaxValue)).Take(last + 1)];
            _pairs.Add((file.Name, file.BleuTokenizer, [.. chosen.Select(p => (ReadOnlyMemory<int>)p.Source.ToArray())],
                [.. chosen.Select(p => records[p.Example].Target!)]));
        }
    }
}
