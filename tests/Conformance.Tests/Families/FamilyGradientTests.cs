namespace Seriatim.Conformance.Tests;

/// <summary>Gradients of families with parts of their own are slopes of the loss.</summary>
public sealed class FamilyGradientTests
{
    private const float Step = 4e-3f;

    [Theory]
    [InlineData("gemma4")]
    [InlineData("gemma4-experts")]
    [InlineData("gpt_oss")]
    [InlineData("llama4")]
    [InlineData("glm4_moe")]
    [InlineData("qwen2_moe")]
    [InlineData("cohere")]
    [InlineData("olmo2")]
    [InlineData("granite")]
    [InlineData("mpt")]
    public void GradientsAreSlopes(string name)
    {
        using Model model = TinyModels.Make(name);
        var ops = (IDifferentiableOps)OpsUnderTest.Get("cpu-512");
        Loss(model, ops, learns: true);
        var random = new Random(5);
        int wrong = 0, looked = 0;
        foreach (ModelParameter part in model.Parameters.Where(part => !part.IsConstant))
        {
            Parameter p = part.Parameter;
            float[] gradient = new float[p.Columns], row = new float[p.Columns];
            (int r, int c) = (random.Next(p.Rows), random.Next(p.Columns));
            p.ReadGradientRow(r, gradient);
            p.ReadRow(r, row);
            float value = row[c];
            double slope = 0;
            foreach ((float at, double weight) in new[] { (Step, 8.0), (-Step, -8.0), (2 * Step, -1.0), (-2 * Step, 1.0) })
            {
                row[c] = value + at;
                p.WriteRow(r, row);
                slope += weight * Loss(model, ops, learns: false) / (12 * (double)Step);
            }

            row[c] = value;
            p.WriteRow(r, row);
            looked++;
            wrong += Math.Abs(slope - gradient[c]) <= 2e-2 * Math.Abs(gradient[c]) + 2e-3 ? 0 : 1;
        }

        // Where a step sends a row to another expert, or over a limit, the loss has no slope.
        Assert.True(wrong <= looked / 25, $"{name}: {wrong} of {looked} gradients are no slopes.");
    }

    private static double Loss(Model model, IDifferentiableOps ops, bool learns)
    {
        int[] ids = TinyModels.Tokens(8, 19);
        RaggedBatch batch = new RaggedBatchBuilder().Add(ids, outputs: Outputs.All).Build();
        int[] labels = TinyModels.Tokens(9, ids.Length);
        if (!learns)
        {
            using Tensor rows = model.Forward(ops, batch);
            using Tensor logits = model.Project(ops, rows);
            return Session.Rows(logits).Select((row, n) => Math.Log(row.Sum(x => Math.Exp(x - row[labels[n]])))).Average();
        }

        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor loss = model.Loss(tape, hidden, labels, new CrossEntropyOptions());
        tape.Backward(loss);
        return loss.ToArray()[0];
    }
}
