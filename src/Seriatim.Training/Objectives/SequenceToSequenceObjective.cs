namespace Seriatim.Training;

/// <summary>
/// The encoder reads the source, the decoder predicts the target with the right ids before it as its input (teacher forcing).
/// Text-to-text with task prefixes is this objective over sources with prefixes (<see cref="DataFile.Prefix"/>) and weights.
/// </summary>
/// <param name="startId">The decoder's first input (<see cref="ModelConfig.DecoderStartTokenId"/>).</param>
public sealed class SequenceToSequenceObjective(int startId) : Objective
{
    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.SequenceToSequence;

    /// <inheritdoc/>
    public override bool NeedsTargets => true;

    /// <inheritdoc/>
    public override int RowsOf(ExamplePiece piece) => piece.Length + piece.Target.Length;

    /// <inheritdoc/>
    /// <exception cref="DataException">A source or target has no ids.</exception>
    public override TrainingBatch Make(IReadOnlyList<ExamplePiece> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var batch = new PairBatch(startId);
        foreach (ExamplePiece example in examples)
        {
            if (example.Length == 0 || example.Target.IsEmpty)
                throw new DataException($"Example {example.Example + 1} of {example.Cache.Path} is not a pair.");
            batch.Add(example.Source, example.Target);
        }

        return batch.Build();
    }
}
