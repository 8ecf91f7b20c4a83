using System.Runtime.CompilerServices;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Tokenizers;

namespace Seriatim.Inspection;

/// <summary>A training step without the step: loss by token, and gradients that are looked at and thrown away.</summary>
internal sealed class TeacherPass(Microscope microscope)
{
    /// <summary>Gradients are as large as the weights: more than this is not made for a look.</summary>
    internal const long MostGradientBytes = 4L << 30;

    /// <summary>Gradients lie at the parameters, of which a model has one set: one look at a time.</summary>
    private static readonly ConditionalWeakTable<Model, object> Turns = [];

    private readonly Model _model = microscope.Model;

    public TeacherForcing Run(Specimen specimen, bool gradients)
    {
        (int[] read, int[] rows, int[] labels) = Lesson(specimen);
        if (rows.Length == 0)
            throw new ModelTaskException("The text has nothing to predict: it needs a second token.");
        string? none = gradients ? WhyNoGradients() : "They were not asked for.";
        using var tape = none is null ? new Tape(microscope.Ops) : null;
        IOps ops = tape ?? (IOps)microscope.Ops;
        IReadOnlyList<TextToken> tokens = Specimen.TokensOf(microscope.Tokenizer, read);
        object turn = Turns.GetOrCreateValue(_model);
        lock (turn)
        {
            using Tensor? encoded = specimen.SourceTokens.Count == 0 ? null
                : _model.Encode(ops, new RaggedBatchBuilder().AddEncoder(specimen.SourceIds).Build());
            using Tensor hidden = _model.Forward(ops, Batch(read, specimen), encoded);
            TokenLoss[] losses = Losses(hidden, rows, labels);
            double? trained = null;
            GradientNorm[] norms = [];
            if (tape is not null)
            {
                try
                {
                    trained = Backward(tape, hidden, rows, labels);
                    norms = [.. Norms()];
                }
                finally
                {
                    foreach (ModelParameter parameter in _model.Parameters)
                        parameter.Parameter.DropGradient();
                }
            }

            return new TeacherForcing
            {
                Read = tokens,
                Losses = losses,
                TrainedLoss = trained,
                Gradients = norms,
                NoGradients = none,
            };
        }
    }

    private RaggedBatch Batch(int[] read, Specimen specimen)
    {
        var builder = new RaggedBatchBuilder();
        EncoderRows? source = specimen.SourceTokens.Count == 0 ? null : new EncoderRows(0, specimen.SourceTokens.Count);
        if (_model.Spec.Last.Visibility != Visibility.Full)
            builder.Add(read, outputs: Outputs.All, encoder: source);
        else if (source is { } rows)
            builder.AddTarget(read, rows);
        else
            builder.AddEncoder(read);
        return builder.Build();
    }

    /// <summary>Loss of each row from its logits; of each only one number leaves the device.</summary>
    private TokenLoss[] Losses(Tensor hidden, int[] rows, int[] labels)
    {
        using Tensor logits = _model.Project(microscope.Ops, hidden, rows);
        IReadOnlyList<TextToken> tokens = Specimen.TokensOf(microscope.Tokenizer, labels);
        var reader = new CapturingOps(microscope.Ops, Nobody.Instance);
        var losses = new TokenLoss[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            int label = labels[i];
            losses[i] = new TokenLoss(rows[i], tokens[i], reader.Reduce(logits, i, values => Loss(values, label)));
        }

        return losses;
    }

    private static float Loss(ReadOnlySpan<float> logits, int label)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            max = Math.Max(max, logit);
        foreach (float logit in logits)
            sum += Math.Exp(logit - max);
        return (float)(max + Math.Log(sum) - logits[label]);
    }

    private double Backward(Tape tape, Tensor hidden, int[] rows, int[] labels)
    {
        using Tensor wanted = tape.GatherRows(hidden, rows);
        using Tensor loss = _model.Loss(tape, wanted, labels, new CrossEntropyOptions());
        tape.Backward(loss);
        return loss.Read().Values[0];
    }

    private IEnumerable<GradientNorm> Norms()
    {
        foreach (ModelParameter one in _model.Parameters)
        {
            if (one.Parameter is not { Gradient: not null } parameter)
                continue;
            float[] row = new float[parameter.Columns];
            double sum = 0;
            for (int r = 0; r < parameter.Rows; r++)
            {
                parameter.ReadGradientRow(r, row);
                foreach (float value in row)
                    sum += (double)value * value;
            }

            string path = one.Path + (one.Ending == ".weight" ? "" : one.Ending);
            yield return new GradientNorm(path, parameter.Rows, parameter.Columns, Math.Sqrt(sum));
        }
    }

    private string? WhyNoGradients()
    {
        if (_model.Spec.Head.IsMissing)
            return "The model has no head, so there is no loss.";
        ModelParameter[] trained = [.. _model.Parameters.Where(one => one.Parameter.Trainable)];
        if (trained.Length == 0)
            return "Weights in 16 bits or in quantised blocks are not trained; open the model in F32.";
        long bytes = trained.Sum(one => (long)one.Parameter.Rows * one.Parameter.Columns * sizeof(float));
        return bytes > MostGradientBytes
            ? $"They would take {bytes >> 20:N0} MiB; at most {MostGradientBytes >> 20:N0} MiB are made for a look."
            : null;
    }

    /// <summary>What is read, which rows predict, and what is right there.</summary>
    private (int[] Read, int[] Rows, int[] Labels) Lesson(Specimen specimen)
    {
        int[] ids = specimen.Ids;
        switch (_model.Spec.Task)
        {
            case ModelTask.CausalLanguageModel:
                return (ids, [.. Enumerable.Range(0, ids.Length - 1)], ids[1..]);
            case ModelTask.SequenceToSequence:
                int end = _model.Config.EosTokenIds.FirstOrDefault(-1);
                int[] labels = end < 0 || ids[^1] == end ? ids[1..] : [.. ids[1..], end];
                int first = Math.Max(0, specimen.Start - 1);
                return (ids, [.. Enumerable.Range(first, labels.Length - first)], labels[first..]);
            case ModelTask.MaskedTranslation:
                return Masked(ids, _model.Spec.MaskPredict!.MaskId, _model.Spec.MaskPredict.First,
                    _model.Spec.MaskPredict.Predicted(ids.Length), 2);
            case ModelTask.MaskedLanguageModel when microscope.Tokenizer.SpecialTokens.Mask is { } mask:
                return Masked(ids, mask, 0, ids.Length, 6);
            default:
                throw new ModelTaskException(
                    $"{microscope.Name} ({_model.Spec.Task}) is not trained on the tokens of its text: there is nothing to force.");
        }
    }

    /// <summary>Every n-th token is masked, from the middle of the first n on; special ones never are.</summary>
    private (int[] Read, int[] Rows, int[] Labels) Masked(int[] ids, int mask, int first, int count, int every)
    {
        int[] own = [.. Enumerable.Range(first, count).Where(row => !microscope.Tokenizer.IsSpecial(ids[row]))];
        int[] rows = [.. own.Where((_, i) => i % every == Math.Min(every / 2, own.Length - 1))];
        int[] read = [.. ids];
        foreach (int row in rows)
            read[row] = mask;
        return (read, rows, Array.ConvertAll(rows, row => ids[row]));
    }

    private sealed class Nobody : IOpWitness
    {
        public static readonly Nobody Instance = new();

        public void LayerBegins(Tensor x)
        {
        }

        public void Called(OpView call)
        {
        }

        public void LayerEnds(Tensor y)
        {
        }
    }
}
