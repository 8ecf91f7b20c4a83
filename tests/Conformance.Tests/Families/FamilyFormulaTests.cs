namespace Seriatim.Conformance.Tests;

/// <summary>Families that no reference numbers were made for, against their published formulas written out in double.</summary>
public sealed class FamilyFormulaTests
{
    private const double Tolerance = 2e-5;

    public static IEnumerable<object[]> Names => FamilyFormulas.All.Keys.Select(name => new object[] { name });

    [Theory]
    [MemberData(nameof(Names))]
    public void LogitsAreThoseOfTheFormulas(string name)
    {
        using Model model = TinyModels.Make(name, json => name == "olmo3" ? json.Replace("yarn", "linear") : json);
        Disturb(model);
        int[] ids = TinyModels.Tokens(3, 24);
        double[][] expected = FamilyFormulas.All[name](new Scalar(model), ids);
        float[] logits = Runs.DecoderLogits(model, OpsUnderTest.Get("cpu-512"), [ids])[0];
        int columns = expected[0].Length;
        double spread = expected.SelectMany(row => row).Max(Math.Abs);
        for (int i = 0; i < logits.Length; i++)
        {
            double wanted = expected[i / columns][i % columns];
            Assert.True(Math.Abs(logits[i] - wanted) <= Tolerance * Math.Max(1, spread),
                $"{name}: logit {i % columns} of row {i / columns} is {logits[i]}, the formula says {wanted}");
        }
    }

    /// <summary>A fresh model has norms of 1 and biases of 0, which would hide them.</summary>
    private static void Disturb(Model model)
    {
        var random = new Random(11);
        foreach (ModelParameter part in model.Parameters.Where(part => part.IsVector))
        {
            float[] values = new float[part.Parameter.Columns];
            part.Parameter.ReadRow(0, values);
            for (int i = 0; i < values.Length; i++)
                values[i] += 0.6f * random.NextSingle() - 0.3f;
            part.Parameter.WriteRow(0, values);
        }
    }
}
