namespace Seriatim.Generation.Tests;

/// <summary>A model whose passes cost nothing on the heap: what is measured is the engine.</summary>
internal sealed class Silent(IGenerationModel inner) : DelegatingModel(inner)
{
    public override Tensor Encode(RaggedBatch batch) => Tensor.Zeros(batch.Rows, 1);

    public override Tensor Forward(RaggedBatch batch, Tensor? encoded) => Tensor.Zeros(batch.Rows, 1);

    public override Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
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
