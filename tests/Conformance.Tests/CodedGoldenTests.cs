namespace Seriatim.Conformance.Tests;

/// <summary>
/// Golden folders whose weights are in blocks, multiplied as they are stored: near the reference, which opens them, by
/// what rounding activations to 8 bits costs.
/// </summary>
public sealed class CodedGoldenTests
{
    private const double Largest = 0.25, Rms = 0.05;

    public static IEnumerable<object[]> All => GoldenCases.Rows(golden => golden.IsCoded);

    [GoldenTheory]
    [MemberData(nameof(All))]
    public void Blocks_are_multiplied_near_the_reference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(WeightStorage.AsStored, ops.Device);
        Assert.NotEmpty(model.Matrices);
        Assert.All(model.TensorUses, use => Assert.False(use.IsOpened, use.Name));
        using GoldenTensors expected = golden.Expected();
        float[] logits = [.. Runs.DecoderLogits(model, ops, expected.Ids("input_ids")).SelectMany(row => row)];
        float[] wanted = expected.Floats("logits");
        double[] differences = [.. wanted.Zip(logits, (a, b) => Math.Abs((double)a - b))];
        Assert.InRange(differences.Max(), 0, Largest);
        Assert.InRange(Math.Sqrt(differences.Average(d => d * d)), 0, Rms);
    }
}
