namespace Seriatim.Generation;

/// <summary>A <see cref="Model"/> as the engine sees it. Does not own the model.</summary>
/// <param name="model">The model.</param>
/// <param name="ops">The device.</param>
public sealed class LoadedModel(Model model, IOps ops) : IGenerationModel
{
    /// <summary>The model.</summary>
    public Model Model { get; } = model;

    /// <inheritdoc/>
    public ModelCapability Capability { get; } = model.Spec switch
    {
        { MaskPredict: not null } => ModelCapability.WholeTargets,
        { Encoder: not null, Decoder: not null } => ModelCapability.EncoderDecoder,
        { Decoder: not null } => ModelCapability.Decoder,
        _ => ModelCapability.Encoder,
    };

    /// <inheritdoc/>
    public string FingerprintOf(string? adapter) => Model.FingerprintOf(adapter);

    /// <inheritdoc/>
    public int VocabularySize => Model.Spec.Last.Vocabulary;

    /// <inheritdoc/>
    public int ContextLength => Model.Spec.Context;

    /// <inheritdoc/>
    public int Outputs => Model.Spec.Head.Outputs;

    /// <inheritdoc/>
    public long BytesPerPosition(KeyValueType type) => Model.BytesPerPositionIn(type);

    /// <inheritdoc/>
    public long BytesPerState => Model.BytesPerState;

    /// <inheritdoc/>
    public MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type) =>
        Model.NewMemoryPools(pageSize, pages, states, type);

    /// <inheritdoc/>
    public SequenceLimits LimitsOf(SequenceTerms terms) => Model.LimitsOf(terms);

    /// <inheritdoc/>
    public void CheckPattern(SparsePattern pattern, int rows) => Model.CheckPattern(pattern, rows);

    /// <inheritdoc/>
    public SequenceTerms MemoryVariant(SequenceTerms terms) => Model.MemoryVariant(terms);

    /// <inheritdoc/>
    public Tensor Encode(RaggedBatch batch) =>
        Capability.HasSource() ? Model.Encode(ops, batch) : Model.Forward(ops, batch);

    /// <inheritdoc/>
    public MaskPredictSpec? MaskPredict => Model.Spec.MaskPredict;

    /// <inheritdoc/>
    public Tensor LengthLogits(RaggedBatch source, Tensor encoded) => Model.LengthLogits(ops, source, encoded);

    /// <inheritdoc/>
    public Tensor Upload(ReadOnlySpan<float> values, int columns) =>
        ops.Device.Upload(values.ToArray(), values.Length / columns, columns);

    /// <inheritdoc/>
    public Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        Tensor hidden = Model.Forward(ops, batch, encoded);
        ops.Device.Synchronize(); // the batch's arrays are those of the next one
        return hidden;
    }

    /// <inheritdoc/>
    public Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows) => Model.Project(ops, hidden, rows);

    /// <inheritdoc/>
    public bool SelectsOutputs => Model.SelectsOutputs;

    /// <inheritdoc/>
    public OutputTable NewOutputTable() => Model.NewOutputTable();

    /// <inheritdoc/>
    public Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows, OutputSelection selection, IReadOnlyList<SelectedRows> runs) =>
        Model.Project(ops, hidden, rows, selection, runs);
}
