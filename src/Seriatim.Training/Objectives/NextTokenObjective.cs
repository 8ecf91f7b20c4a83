namespace Seriatim.Training;

/// <summary>Each id predicts the next: the language model. An example of n ids is n - 1 rows.</summary>
public sealed class NextTokenObjective : Objective
{
    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.CausalLanguageModel;

    /// <inheritdoc/>
    public override int Overlap => 1;

    /// <inheritdoc/>
    public override int RowsOf(ExamplePiece piece) => piece.Length - 1;

    /// <inheritdoc/>
    public override TrainingBatch Make(IReadOnlyList<ExamplePiece> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var builder = new RaggedBatchBuilder();
        var labels = new List<int>();
        foreach (ExamplePiece example in examples)
        {
            builder.Add(example.Source[..^1], outputs: Outputs.All);
            labels.AddRange(example.Source[1..]);
        }

        return new TrainingBatch(builder.Build(), null, [.. Enumerable.Range(0, labels.Count)], [.. labels]);
    }
}
