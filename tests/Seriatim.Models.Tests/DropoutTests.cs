namespace Seriatim.Models.Tests;

public sealed class DropoutTests
{
    private static readonly DropoutRates Rates = new(Embedding: 0.1f, Residual: 0.2f, Attention: 0.3f, Activation: 0.1f, Final: 0.2f);

    [Fact]
    public void APassDropsTheSameElementsForAnyThreadsAndLanes()
    {
        using Model model = TinyLlama.Create();
        RaggedBatch batch = Batch().With(new BatchDropout(Rates, 5));
        float[] expected = Run(model, batch, 1, LaneWidth.Bits512);
        foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
            Assert.Equal(expected, Run(model, batch, 3, width));
        Assert.NotEqual(expected, Run(model, Batch().With(new BatchDropout(Rates, 6)), 1, LaneWidth.Bits512));
        Assert.NotEqual(expected, Run(model, Batch(), 1, LaneWidth.Bits512));
    }

    [Fact]
    public void RatesOfNothingChangeNothing()
    {
        using Model model = TinyLlama.Create();
        Assert.Equal(Run(model, Batch(), 1, LaneWidth.Bits256), Run(model, Batch().With(new BatchDropout(DropoutRates.None, 5)), 1, LaneWidth.Bits256));
    }

    [Fact]
    public void EveryPlaceHasItsOwnRate()
    {
        using Model model = TinyLlama.Create();
        DropoutRates[] places =
        [
            DropoutRates.None, new(Embedding: 0.5f), new(Residual: 0.5f), new(Attention: 0.5f), new(Activation: 0.5f), new(Final: 0.5f),
        ];
        float[][] results = [.. places.Select(rates => Run(model, Batch().With(new BatchDropout(rates, 1)), 1, LaneWidth.Bits512))];
        for (int i = 0; i < results.Length; i++)
        {
            for (int j = 0; j < i; j++)
                Assert.NotEqual(results[i], results[j]);
        }
    }

    private static RaggedBatch Batch() => new RaggedBatchBuilder().Add([1, 5, 9, 3, 2]).Add([4, 4, 7]).Build();

    private static float[] Run(Model model, RaggedBatch batch, int threads, LaneWidth width)
    {
        using IDifferentiableOps ops = CpuOps.Create(threads, width);
        using Tensor hidden = model.Forward(ops, batch);
        return hidden.Span.ToArray();
    }
}
