namespace Seriatim.Conformance.Tests;

/// <summary>
/// Gradients of whole models are slopes of their loss: along a random direction through all parameters the loss changes as the
/// gradients say. For families whose parts no golden training case has.
/// </summary>
public sealed class FamilySlopeTests
{
    private const float Step = 2e-3f;

    [Theory]
    [InlineData("deepseek_v2")]
    [InlineData("deepseek_v3")]
    [InlineData("lfm2")]
    [InlineData("falcon_h1")]
    [InlineData("granitemoehybrid")]
    [InlineData("qwen3_next")]
    [InlineData("qwen3_5")]
    [InlineData("modernbert")]
    [InlineData("albert")]
    public void TheLossChangesAsTheGradientsSay(string name)
    {
        using Model model = TinyEncoders.Make(name) ?? TinyModels.Make(name);
        Parameter[] parameters = [.. model.Parameters.Where(p => !p.IsConstant).Select(p => p.Parameter)];
        using (var tape = new Tape((IDifferentiableOps)OpsUnderTest.Get("cpu-512")))
        {
            using Tensor loss = Loss(model, tape);
            tape.Backward(loss);
        }

        var random = new Random(4);
        double predicted = 0;
        float[][][] before = new float[parameters.Length][][], direction = new float[parameters.Length][][];
        for (int p = 0; p < parameters.Length; p++)
        {
            before[p] = new float[parameters[p].Rows][];
            direction[p] = new float[parameters[p].Rows][];
            for (int row = 0; row < parameters[p].Rows; row++)
            {
                before[p][row] = new float[parameters[p].Columns];
                float[] gradient = new float[parameters[p].Columns];
                parameters[p].ReadRow(row, before[p][row]);
                parameters[p].ReadGradientRow(row, gradient);
                direction[p][row] = [.. gradient.Select(_ => 0.1f * (2 * random.NextSingle() - 1))];
                for (int i = 0; i < gradient.Length; i++)
                    predicted += (double)gradient[i] * direction[p][row][i];
            }
        }

        double Moved(float by)
        {
            for (int p = 0; p < parameters.Length; p++)
            {
                for (int row = 0; row < before[p].Length; row++)
                    parameters[p].WriteRow(row, [.. before[p][row].Zip(direction[p][row], (x, d) => x + by * d)]);
            }

            using Tensor loss = Loss(model, OpsUnderTest.Get("reference"));
            return loss.ToArray()[0];
        }

        double measured = (Moved(Step) - Moved(-Step)) / (2.0 * Step);
        Assert.True(Math.Abs(predicted) > 1e-3, $"{name}: the gradients say {predicted}, too little to see");
        Assert.True(Math.Abs(measured - predicted) <= 0.02 * Math.Abs(predicted) + 2e-3,
            $"{name}: the loss changes by {measured}, the gradients say {predicted}");
    }

    private static Tensor Loss(Model model, IOps ops)
    {
        int[] text = TinyModels.Tokens(5, 19), other = TinyModels.Tokens(6, 7);
        var builder = new RaggedBatchBuilder();
        RaggedBatch batch = model.Spec.Encoder is not null
            ? builder.AddEncoder(text).AddEncoder(other).Build()
            : builder.Add(text, outputs: Outputs.All).Add(other, outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(ops, batch);
        return model.Loss(ops, hidden, TinyModels.Tokens(3, batch.Rows), new CrossEntropyOptions());
    }
}
