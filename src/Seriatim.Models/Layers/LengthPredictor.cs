namespace Seriatim.Models;

/// <summary>
/// Predicts how long targets are: <c>table · f</c>, with f the encoder's row of a place before the source, or the mean of its
/// rows.
/// </summary>
internal sealed class LengthPredictor : IDisposable
{
    /// <summary>Low enough that its exponential is 0 beside any other logit.</summary>
    private const float Never = -1e9f;

    private readonly LengthSpec _spec;
    private readonly EmbeddingWeight _table;
    private readonly LinearWeight _linear;
    private readonly Parameter? _excluded;

    public LengthPredictor(WeightBuilder weights, LengthSpec spec, StackSpec encoder)
    {
        _spec = spec;
        string why = $"{spec.Classes} classes of lengths, hidden size {encoder.Width}";
        _table = weights.Embedding("lengths", spec.Classes, encoder.Width, tied: true, why);
        _linear = weights.Tied("lengths", _table, bias: false, why);
        if (spec.Excluded == 0)
            return;
        float[] bias = new float[spec.Classes];
        bias.AsSpan(0, spec.Excluded).Fill(Never);
        _excluded = weights.Device.NewParameter("classes of lengths that cannot be", 1, spec.Classes);
        _excluded.Trainable = false;
        _excluded.WriteRow(0, bias);
        _linear = _linear.WithBias(_excluded);
    }

    /// <summary>The table whose first entry stands before each source; null: nothing does.</summary>
    public EmbeddingWeight? Leading => _spec.Source == LengthSource.LeadingRow ? _table : null;

    public Tensor Project(IOps ops, RaggedBatch source, Tensor encoded)
    {
        using Tensor features = Features(ops, source, encoded);
        return ops.Linear(features, _linear);
    }

    public Tensor Loss(IOps ops, RaggedBatch source, Tensor encoded, ReadOnlyMemory<int> classes, LossReduction reduction)
    {
        using Tensor features = Features(ops, source, encoded);
        return ops.CrossEntropy(features, _linear, classes, new CrossEntropyOptions(Reduction: reduction));
    }

    public void Dispose() => _excluded?.Dispose();

    private Tensor Features(IOps ops, RaggedBatch source, Tensor encoded) => _spec.Source == LengthSource.LeadingRow
        ? ops.GatherRows(encoded, Enumerable.Range(source.Rows, source.Segments.Count).ToArray())
        : RowMeans.Of(ops, encoded, [.. source.Segments.Select(own => (own.FirstRow, own.Rows))]);
}
