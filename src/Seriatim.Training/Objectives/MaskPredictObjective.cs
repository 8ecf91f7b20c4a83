namespace Seriatim.Training;

/// <summary>
/// Masked tokens of whole targets, and their lengths (Ghazvininejad et al., 2019, section 3): of every target a uniform number of
/// tokens, at least one, is masked and predicted from the source and the others. Chosen anew in every epoch.
/// </summary>
/// <param name="spec">The ids and rules of the model.</param>
/// <param name="seed">Seed of the choices.</param>
/// <remarks>
/// The loss of the lengths is added as the model's own code does it: as a sum to the sum of the tokens' losses, or as a mean
/// times
/// <see cref="MaskPredictSpec.LengthLossFactor"/> to their mean.
/// </remarks>
public sealed class MaskPredictObjective(MaskPredictSpec spec, ulong seed) : Objective
{
    /// <inheritdoc/>
    public override ModelTask Task => ModelTask.MaskedTranslation;

    /// <inheritdoc/>
    public override bool NeedsTargets => true;

    /// <inheritdoc/>
    public override int LongestTarget(int context) => Math.Min(context, spec.Length.Longest) - (spec.Frame is null ? 0 : 2);

    /// <inheritdoc/>
    public override int RowsOf(ExamplePiece piece) => piece.Length + piece.Target.Length + (spec.Frame is null ? 0 : 2);

    /// <inheritdoc/>
    /// <exception cref="DataException">A source or target has no ids.</exception>
    public override TrainingBatch Make(IReadOnlyList<ExamplePiece> examples)
    {
        ArgumentNullException.ThrowIfNull(examples);
        RaggedBatchBuilder source = new(), target = new();
        List<int> rows = [], labels = [], lengths = [];
        foreach (ExamplePiece example in examples)
        {
            int[] ids = spec.Frame?.Around(example.Target) ?? example.Target.ToArray();
            if (example.Length == 0 || spec.Predicted(ids.Length) < 1)
                throw new DataException($"Example {example.Example + 1} of {example.Cache.Path} is not a pair.");
            lengths.Add(spec.Length.ClassOf(ids.Length, example.Length));
            foreach (int i in Chosen(ids.Length, example.Draw))
            {
                rows.Add(target.Rows + i);
                labels.Add(ids[i]);
                ids[i] = spec.MaskId;
            }

            target.AddTarget(ids, new EncoderRows(source.Rows, example.Length));
            source.AddEncoder(example.Source);
        }

        float weight = spec.LengthLossFactor is { } factor ? factor * labels.Count / lengths.Count : 1;
        return new TrainingBatch(target.Build(), source.Build(), [.. rows], [.. labels])
        {
            Lengths = new LengthLabels([.. lengths], weight),
        };
    }

    /// <summary>
    /// The places of a target that are masked, ascending. Without a frame one token stays, as in the code of the paper, if
    /// there are
    /// two.
    /// </summary>
    private IEnumerable<int> Chosen(int length, ulong draw)
    {
        int[] places = [.. Enumerable.Range(spec.First, spec.Predicted(length))];
        int most = spec.Frame is null ? Math.Max(1, places.Length - 1) : places.Length;
        int count = 1 + new CounterRandom(seed, draw).Below(0, most);
        new CounterRandom(seed ^ 0x706C61636573, draw).Shuffle(places.AsSpan());
        return places.Take(count).Order();
    }
}
