namespace Seriatim.Generation.Tests;

/// <summary>A model that breaks where a test wants it to.</summary>
internal sealed class FaultyModel(IGenerationModel inner) : DelegatingModel(inner)
{
    /// <summary>Called before each pass with its number, from 0.</summary>
    public Action<int, RaggedBatch> BeforePass { get; init; } = (_, _) => { };

    /// <summary>Called before each projection with its number, from 0.</summary>
    public Action<int, ReadOnlyMemory<int>> BeforeProjection { get; init; } = (_, _) => { };

    public int Passes { get; private set; }

    public int Projections { get; private set; }

    public override Tensor Encode(RaggedBatch batch)
    {
        BeforePass(Passes++, batch);
        return base.Encode(batch);
    }

    public override Tensor Forward(RaggedBatch batch, Tensor? encoded)
    {
        BeforePass(Passes++, batch);
        return base.Forward(batch, encoded);
    }

    public override Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
    {
        BeforeProjection(Projections++, rows);
        return base.Project(hidden, rows);
    }
}
