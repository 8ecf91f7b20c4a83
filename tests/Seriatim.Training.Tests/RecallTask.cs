namespace Seriatim.Training.Tests;

/// <summary>
/// Associative recall (Graves et al., 2014; Fu et al., 2023): pairs of a key and a value, then a key; its value is asked for. A
/// model that learns it remembers by content what it saw once.
/// </summary>
/// <param name="pairs">Pairs of a sequence.</param>
/// <param name="keys">Keys there are; as many values.</param>
internal sealed class RecallTask(int pairs, int keys)
{
    public int Vocabulary => 2 * keys;

    /// <summary>Loss of the answers over the last steps and the share of answers that are right, after so many steps.</summary>
    public (double Loss, double Right) Train(
        Model model, IDifferentiableOps ops, int steps, int sequences = 32, double rate = 1e-2)
    {
        using var optimizer = new AdamW(new ParameterSelection().Select(model));
        for (int step = 0; step < steps; step++)
        {
            (RaggedBatch batch, int[] labels) = Data(step, sequences);
            optimizer.ClearGradients();
            using var tape = new Tape(ops);
            using Tensor hidden = model.Forward(tape, batch);
            using Tensor loss = model.Loss(tape, hidden, labels, new CrossEntropyOptions());
            tape.Backward(loss);
            optimizer.Step(ops, rate * Math.Min(1, (step + 1) / 20.0));
        }

        return Test(model, ops, seed: -1);
    }

    /// <summary>On sequences that training does not have.</summary>
    private (double Loss, double Right) Test(Model model, IOps ops, int seed)
    {
        (RaggedBatch batch, int[] labels) = Data(seed, 200);
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor loss = model.Loss(ops, hidden, labels, new CrossEntropyOptions());
        using Tensor logits = model.Project(ops, hidden);
        float[] scores = logits.ToArray();
        int right = 0;
        for (int row = 0; row < labels.Length; row++)
        {
            float[] own = scores[(row * Vocabulary)..((row + 1) * Vocabulary)];
            right += labels[row] >= 0 && Array.IndexOf(own, own.Max()) == labels[row] ? 1 : 0;
        }

        return (loss.ToArray()[0], right / 200.0);
    }

    private (RaggedBatch Batch, int[] Labels) Data(int seed, int sequences)
    {
        var random = new Random(seed);
        var builder = new RaggedBatchBuilder();
        var labels = new List<int>();
        for (int i = 0; i < sequences; i++)
        {
            int[] own = [.. Enumerable.Range(0, keys)];
            random.Shuffle(own);
            int[] values = [.. own.Select(_ => keys + random.Next(keys))];
            int asked = random.Next(pairs);
            IEnumerable<int> seen = Enumerable.Range(0, pairs).SelectMany(p => new[] { own[p], values[p] });
            builder.Add([.. seen, own[asked]], outputs: Outputs.All);
            labels.AddRange([.. Enumerable.Repeat(-100, 2 * pairs), values[asked]]);
        }

        return (builder.Build(), [.. labels]);
    }
}
