namespace Seriatim.Generation;

/// <summary>A model that is another one but for what a derived class changes: counts, measures, slows down.</summary>
/// <param name="inner">The other one.</param>
public abstract class DelegatingModel(IGenerationModel inner) : IGenerationModel
{
    /// <inheritdoc/>
    public virtual ModelCapability Capability => inner.Capability;

    /// <inheritdoc/>
    public virtual string FingerprintOf(string? adapter) => inner.FingerprintOf(adapter);

    /// <inheritdoc/>
    public virtual int VocabularySize => inner.VocabularySize;

    /// <inheritdoc/>
    public virtual int ContextLength => inner.ContextLength;

    /// <inheritdoc/>
    public virtual int Outputs => inner.Outputs;

    /// <inheritdoc/>
    public virtual long BytesPerPosition(KeyValueType type) => inner.BytesPerPosition(type);

    /// <inheritdoc/>
    public virtual long BytesPerState => inner.BytesPerState;

    /// <inheritdoc/>
    public virtual MemoryPools NewMemoryPools(int pageSize, int pages, int states, KeyValueType type) =>
        inner.NewMemoryPools(pageSize, pages, states, type);

    /// <inheritdoc/>
    public virtual long? LargestPoolBytes(int pageSize, long pages, long states, KeyValueType type) =>
        inner.LargestPoolBytes(pageSize, pages, states, type);

    /// <inheritdoc/>
    public virtual SequenceLimits LimitsOf(SequenceTerms terms) => inner.LimitsOf(terms);

    /// <inheritdoc/>
    public virtual void CheckPattern(SparsePattern pattern, int rows) => inner.CheckPattern(pattern, rows);

    /// <inheritdoc/>
    public virtual SequenceTerms MemoryVariant(SequenceTerms terms) => inner.MemoryVariant(terms);

    /// <inheritdoc/>
    public virtual Tensor Encode(RaggedBatch batch) => inner.Encode(batch);

    /// <inheritdoc/>
    public virtual MaskPredictSpec? MaskPredict => inner.MaskPredict;

    /// <inheritdoc/>
    public virtual Tensor LengthLogits(RaggedBatch source, Tensor encoded) => inner.LengthLogits(source, encoded);

    /// <inheritdoc/>
    public virtual Tensor Upload(ReadOnlySpan<float> values, int columns) => inner.Upload(values, columns);

    /// <inheritdoc/>
    public virtual Tensor Forward(RaggedBatch batch, Tensor? encoded) => inner.Forward(batch, encoded);

    /// <inheritdoc/>
    public virtual Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows) => inner.Project(hidden, rows);

    /// <inheritdoc/>
    public virtual bool SelectsOutputs => inner.SelectsOutputs;

    /// <inheritdoc/>
    public virtual OutputTable NewOutputTable() => inner.NewOutputTable();

    /// <inheritdoc/>
    public virtual Tensor Project(
        Tensor hidden, ReadOnlyMemory<int> rows, OutputSelection selection, IReadOnlyList<SelectedRows> runs) =>
        inner.Project(hidden, rows, selection, runs);
}
