using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Gradients of whole models are slopes of their loss: along a random direction through all parameters the loss changes as the
/// gradients say. For families whose parts no golden training case has. Where another expert is chosen the loss makes a step that
/// no gradient knows of, so a way is gone only as far as all rows keep their experts; a test shows what happens beyond.
/// </summary>
public sealed class FamilySlopeTests
{
    private const float Step = 2e-3f;

    [Theory]
    [InlineData("deepseek_v2")]
    [InlineData("deepseek_v3")]
    [InlineData("deepseek_v3-halves")]
    [InlineData("lfm2")]
    [InlineData("falcon_h1")]
    [InlineData("granitemoehybrid")]
    [InlineData("qwen3_next")]
    [InlineData("qwen3_5")]
    [InlineData("qwen3_5_moe")]
    [InlineData("stablelm-heads")]
    [InlineData("modernbert")]
    [InlineData("albert")]
    public void TheLossChangesAsTheGradientsSay(string name)
    {
        using Model model = TinyEncoders.Make(name) ?? TinyModels.Make(name);
        var line = new Line(model, seed: 4);
        float step = Step;
        string choices = line.At(0).Experts;
        while (line.At(step).Experts != choices || line.At(-step).Experts != choices)
        {
            step /= 2;
            Assert.True(step > 1e-4f, $"{name}: on this line experts change within {step}");
        }

        double measured = (line.At(step).Loss - line.At(-step).Loss) / (2.0 * step);
        Assert.True(Math.Abs(line.Slope) > 1e-3, $"{name}: the gradients say {line.Slope}, too little to see");
        Assert.True(Math.Abs(measured - line.Slope) <= 0.02 * Math.Abs(line.Slope) + 2e-3,
            $"{name}: the loss changes by {measured}, the gradients say {line.Slope}");
    }

    /// <summary>
    /// A line on which a row changes an expert: between two places, however near, the loss makes a step, so the quotient grows as
    /// they come nearer, while it is the slope on both sides of them.
    /// </summary>
    [Fact]
    public void AnotherExpertIsAStepOfTheLoss()
    {
        using Model model = TinyModels.Make("qwen3_next");
        for (int seed = 0; seed < 40; seed++)
        {
            var line = new Line(model, seed);
            float low = 0, high = 4 * Step;
            if (line.At(low).Experts == line.At(high).Experts)
                continue;
            while (high - low > 1e-6f)
            {
                float middle = low + (high - low) / 2;
                (low, high) = line.At(middle).Experts == line.At(0).Experts ? (middle, high) : (low, middle);
            }

            double jump = line.At(high).Loss - line.At(low).Loss;
            double before = (line.At(low).Loss - line.At(low - 1e-3f).Loss) / 1e-3;
            Assert.True(Math.Abs(before) < 5, $"the slope before the step is {before}");
            if (Math.Abs(jump) < 1e-4)
                continue; // both experts say nearly the same

            // The quotient across the step is not the slope but the step over the distance.
            double across = (line.At(high + 5e-6f).Loss - line.At(low - 5e-6f).Loss) / (high - low + 1e-5);
            Assert.True(Math.Abs(across) > 5 * Math.Abs(before), $"the quotient is {across}, the slope {before}");
            line.At(0);
            return;
        }

        Assert.Fail("no line with a step was found");
    }

    /// <summary>
    /// A random direction through all parameters of a model, and the slope of the loss along it by the gradients.
    /// </summary>
    private sealed class Line
    {
        private readonly Model _model;
        private readonly Parameter[] _parameters;
        private readonly float[][][] _before, _direction;

        public Line(Model model, int seed)
        {
            _model = model;
            _parameters = [.. model.Parameters.Where(p => !p.IsConstant).Select(p => p.Parameter)];
            foreach (Parameter parameter in _parameters)
                parameter.ClearGradient();
            using (var tape = new Tape((IDifferentiableOps)OpsUnderTest.Get("cpu-512")))
            {
                using Tensor loss = LossOf(model, tape);
                tape.Backward(loss);
            }

            var random = new Random(seed);
            (_before, _direction) = (new float[_parameters.Length][][], new float[_parameters.Length][][]);
            for (int p = 0; p < _parameters.Length; p++)
            {
                (_before[p], _direction[p]) = (new float[_parameters[p].Rows][], new float[_parameters[p].Rows][]);
                for (int row = 0; row < _parameters[p].Rows; row++)
                {
                    _before[p][row] = new float[_parameters[p].Columns];
                    float[] gradient = new float[_parameters[p].Columns];
                    _parameters[p].ReadRow(row, _before[p][row]);
                    _parameters[p].ReadGradientRow(row, gradient);
                    _direction[p][row] = [.. gradient.Select(_ => 0.1f * (2 * random.NextSingle() - 1))];
                    for (int i = 0; i < gradient.Length; i++)
                        Slope += (double)gradient[i] * _direction[p][row][i];
                }
            }
        }

        /// <summary>What the gradients say.</summary>
        public double Slope { get; }

        /// <summary>The loss at a place on the line, and the experts of all rows.</summary>
        public (double Loss, string Experts) At(float by)
        {
            for (int p = 0; p < _parameters.Length; p++)
            {
                for (int row = 0; row < _before[p].Length; row++)
                    _parameters[p].WriteRow(row, [.. _before[p][row].Zip(_direction[p][row], (x, d) => x + by * d)]);
            }

            var choices = new Choices();
            using Tensor loss = LossOf(_model, new CapturingOps(OpsUnderTest.Get("reference"), choices));
            return (loss.ToArray()[0], choices.ToString());
        }
    }

    /// <summary>Writes down which experts rows go to.</summary>
    private sealed class Choices : IOpWitness
    {
        private readonly StringBuilder _all = new();

        public void LayerBegins(Tensor x)
        {
        }

        public void LayerEnds(Tensor y)
        {
        }

        public void Called(OpView call)
        {
            for (int row = 0; call.Routing is { } routing && row < call.Operand("scores")!.Rows; row++)
                _all.AppendJoin(',', routing.Of(row, call.Results[0]).Experts.Order()).Append(';');
        }

        public override string ToString() => _all.ToString();
    }

    private static Tensor LossOf(Model model, IOps ops)
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
