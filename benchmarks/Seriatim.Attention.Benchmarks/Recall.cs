using Seriatim.Lab;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;

namespace Seriatim.Attention.Benchmarks;

/// <summary>
/// How well each family brings something back from a distance. Two tasks, the same rows for families that see both ways and for
/// causal ones, since the answers are read at places marked with a token of their own, at the end: <i>recall</i>, the value that
/// stood behind a key before so many other tokens; <i>copy</i>, so many tokens again in order.
/// </summary>
internal static class Recall
{
    private const int Keys = 8, Values = 8, Fillers = 8, Pairs = 3, Questions = 6, Sequences = 16;
    private const int Pad = 0, End = 1, Answer = 2, FirstKey = 4, FirstValue = FirstKey + Keys, FirstFiller = FirstValue + Values;
    private const int Vocabulary = FirstFiller + Fillers;

    /// <summary>Trains a model of each family on all distances together, and prints how many answers are right at each.</summary>
    public static void Run(IDifferentiableOps ops, IReadOnlyList<RecallFamily> families, int steps, IReadOnlyList<int> distances)
    {
        foreach (string task in (string[])["recall", "copy"])
        {
            Console.WriteLine($"{task}: share of right answers by distance, after {steps:N0} steps of {Sequences} sequences at "
                + $"distances up to {distances[^2]}");
            Console.WriteLine($"{"",-16}{string.Concat(distances.Select(d => $"{d,8}"))}   parameters");
            foreach (RecallFamily family in families)
            {
                using Model model = family.Make(Vocabulary, 2 * distances[^1] + 64);
                Train(ops, family, model, task, steps, distances.SkipLast(1).ToArray());
                string shares = string.Concat(distances.Select(d => $"{Share(ops, family, model, task, d),8:P0}"));
                Console.WriteLine($"{family.Name,-16}{shares}   {model.ParameterCount,10:N0}");
            }
        }
    }

    private static void Train(IDifferentiableOps ops, RecallFamily family, Model model, string task, int steps, int[] distances)
    {
        using var optimizer = new AdamW(new ParameterSelection().Select(model), new AdamWOptions { WeightDecay = 0.01 });
        var random = new Random(5);
        for (int step = 0; step < steps; step++)
        {
            // Short distances first: what is to be found is the same, and a small model finds it there.
            int reached = Math.Min(distances.Length, 1 + 2 * step * distances.Length / steps);
            int distance = step < steps / 4 ? 2 : distances[random.Next(reached)];
            (RaggedBatch batch, int[] labels) = Batch(family, task, distance, random,
                Math.Max(1, Sequences * 64 / (64 + distance)));
            int answers = labels.Count(label => label >= 0);
            using (var tape = new Tape(ops))
            {
                using Tensor hidden = model.Forward(tape, batch);
                using Tensor loss = model.Loss(tape, hidden, labels,
                    new CrossEntropyOptions(IgnoreLabel: -1, Reduction: LossReduction.Sum));
                tape.Backward(loss);
            }

            double rate = 3e-3 * Math.Min(1, (step + 1) / 50.0) * Math.Min(1, (steps - step) / (0.3 * steps));
            double norm = GradientNorm.Of(ops, optimizer.Parameters) / answers;
            optimizer.Step(ops, rate, GradientNorm.ClipFactor(norm, 1) / answers, clear: true);
        }
    }

    private static double Share(IDifferentiableOps ops, RecallFamily family, Model model, string task, int distance)
    {
        var random = new Random(99);
        (int right, int all) = (0, 0);
        for (int round = 0; round < 8; round++)
        {
            (RaggedBatch batch, int[] labels) = Batch(family, task, distance, random, 8);
            using Tensor hidden = model.Forward(ops, batch);
            using Tensor logits = model.Project(ops, hidden);
            HostRows rows = logits.Read();
            for (int row = 0; row < labels.Length; row++)
            {
                if (labels[row] < 0)
                    continue;
                ReadOnlySpan<float> scores = rows.Row(row);
                int best = 0;
                for (int id = 1; id < scores.Length; id++)
                    best = scores[id] > scores[best] ? id : best;
                right += best == labels[row] ? 1 : 0;
                all++;
            }
        }

        return (double)right / all;
    }

    private static (RaggedBatch Batch, int[] Labels) Batch(RecallFamily family, string task, int distance, Random random,
        int sequences)
    {
        var builder = new RaggedBatchBuilder();
        var labels = new List<int>();
        for (int i = 0; i < sequences; i++)
        {
            (int[] tokens, int[] answers) = task == "copy" ? Copy(distance, random) : Pairing(distance, random);
            labels.AddRange(Enumerable.Repeat(-1, tokens.Length - answers.Length));
            labels.AddRange(answers);
            family.Add(builder, tokens, answers.Length);
        }

        return (builder.Build(), [.. labels]);
    }

    /// <summary>k1 v1 ... k3 v3, fillers, an end, and six keys: each is to be answered where it stands.</summary>
    private static (int[] Tokens, int[] Answers) Pairing(int distance, Random random)
    {
        int[] keys = [.. Enumerable.Range(0, Keys).OrderBy(_ => random.Next()).Take(Pairs)];
        int[] values = [.. keys.Select(_ => random.Next(Values))];
        int[] asked = [.. Enumerable.Range(0, Questions).Select(_ => random.Next(Pairs))];
        int[] tokens =
        [
            .. keys.Zip(values).SelectMany(pair => new[] { FirstKey + pair.First, FirstValue + pair.Second }),
            .. Enumerable.Range(0, distance).Select(_ => FirstFiller + random.Next(Fillers)), End,
            .. asked.Select(pair => FirstKey + keys[pair]),
        ];
        return (tokens, [.. asked.Select(pair => FirstValue + values[pair])]);
    }

    /// <summary>So many tokens, an end, and so many places for the same again.</summary>
    private static (int[] Tokens, int[] Answers) Copy(int distance, Random random)
    {
        int[] text = [.. Enumerable.Range(0, distance).Select(_ => FirstValue + random.Next(Values))];
        return ([.. text, End, .. Enumerable.Repeat(Answer, distance)], text);
    }
}
