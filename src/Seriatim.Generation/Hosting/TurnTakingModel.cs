namespace Seriatim.Generation;

/// <summary>A model that computes only when it is its engine's turn.</summary>
internal sealed class TurnTakingModel(IGenerationModel inner, Turns turns) : DelegatingModel(inner)
{
    public override Tensor Encode(RaggedBatch batch)
    {
        using Turns.Turn turn = turns.Take();
        return base.Encode(batch);
    }

    public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        using Turns.Turn turn = turns.Take();
        return base.Forward(batch, encoded);
    }

    public override Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
    {
        using Turns.Turn turn = turns.Take();
        return base.Project(hidden, rows);
    }

    public override Tensor Project(
        Tensor hidden, ReadOnlyMemory<int> rows, OutputSelection selection, IReadOnlyList<SelectedRows> runs)
    {
        using Turns.Turn turn = turns.Take();
        return base.Project(hidden, rows, selection, runs);
    }
}
