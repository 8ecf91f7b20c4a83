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
        using Model model = TinyModels.Make(name,
            json => name is "olmo3" or "ministral3" ? json.Replace("yarn", "linear") : json);
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

    /// <summary>The layers are those of Qwen3-Next, which has golden numbers; files hold the projections otherwise.</summary>
    [Fact]
    public void Qwen35WithExpertsIsQwen3NextUnderOtherNames()
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model next = TinyModels.Make("qwen3_next");
        Disturb(next);
        using Model other = TinyModels.Make("qwen3_5_moe", source: new Copies(next));
        int[] ids = TinyModels.Tokens(3, 24);
        Assert.Equal(Runs.DecoderLogits(next, ops, [ids])[0], Runs.DecoderLogits(other, ops, [ids])[0]);
        string[] names = [.. other.Parameters.Select(p => p.Place.Name)];
        Assert.Contains("model.layers.0.linear_attn.in_proj_qkv.weight", names);
        Assert.Contains("model.layers.0.mlp.experts.4.gate_proj.weight", names);
        Assert.Contains("model.layers.2.mlp.shared_expert_gate.weight", names);
    }

    /// <summary>Every parameter of another model, by its path in it.</summary>
    private sealed class Copies(Model from) : IWeightSource
    {
        public Parameter Make(ParameterRequest request)
        {
            Parameter original = from.Parameters.Single(p => p.Path == request.Path && p.Ending == request.Ending).Parameter;
            Parameter copy = request.NewParameter();
            float[] row = new float[copy.Columns];
            for (int r = 0; r < copy.Rows; r++)
            {
                original.ReadRow(r, row);
                copy.WriteRow(r, row);
            }

            return copy;
        }

        public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

        public void Complete(NameTable names)
        {
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
