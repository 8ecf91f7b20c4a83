namespace Seriatim.Generation.Tests;

/// <summary>A model whose passes cost nothing on the heap: what is measured is the engine.</summary>
internal sealed class Silent(IGenerationModel inner) : IGenerationModel
{
    public ModelCapability Capability => inner.Capability;

    public int VocabularySize => inner.VocabularySize;

    public int ContextLength => inner.ContextLength;

    public int Outputs => inner.Outputs;

    public long BytesPerPosition(KeyValueType type) => inner.BytesPerPosition(type);

    public PagePool NewPagePool(int pageSize, int pages, KeyValueType type) => inner.NewPagePool(pageSize, pages, type);

    public PagePool NewCrossPagePool(int pageSize, int pages, KeyValueType type) => inner.NewCrossPagePool(pageSize, pages, type);

    public SequenceLimits LimitsOf(SequenceTerms terms) => inner.LimitsOf(terms);

    public SequenceTerms MemoryVariant(SequenceTerms terms) => inner.MemoryVariant(terms);

    public Tensor Encode(RaggedBatch batch) => Tensor.Zeros(batch.Rows, 1);

    public Tensor Forward(RaggedBatch batch, Tensor? encoded) => Tensor.Zeros(batch.Rows, 1);

    public Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
    {
        Tensor logits = Tensor.Zeros(rows.Length, VocabularySize);
        for (int row = 0; row < rows.Length; row++)
        {
            for (int id = 0; id < VocabularySize; id++)
                logits.Row(row)[id] = (id * 37) % 11;
        }

        return logits;
    }
}
