namespace Seriatim.Training.Tests;

public sealed class OptimizerTests
{
    [Fact]
    public void Bits_do_not_depend_on_threads()
    {
        float[] Run(int threads, Func<IReadOnlyList<TrainableParameter>, Optimizer> make)
        {
            using Parameter parameter = Filled(300, 701, ParameterLayout.Panels);
            using Optimizer optimizer = make([new TrainableParameter(parameter, true)]);
            using IDifferentiableOps ops = CpuOps.Create(threads);
            for (int i = 0; i < 3; i++)
                optimizer.Step(ops, 0.01, 0.5);
            return parameter.Data.Span.ToArray();
        }

        Assert.Equal(Run(1, p => new AdamW(p, new AdamWOptions { WeightDecay = 0.1 })), Run(4, p => new AdamW(p, new AdamWOptions { WeightDecay = 0.1 })));
        Assert.Equal(Run(1, p => new Lion(p, weightDecay: 0.1)), Run(4, p => new Lion(p, weightDecay: 0.1)));
    }

    [Fact]
    public void Lion_moves_by_the_sign()
    {
        using var parameter = new Parameter("p", 1, 3);
        parameter.WriteRow(0, [1, 1, 1]);
        parameter.AddGradientRow(0, [0.5f, -2, 0]);
        using var lion = new Lion([new TrainableParameter(parameter, true)], weightDecay: 0.5);
        using IDifferentiableOps ops = CpuOps.Create(1);
        lion.Step(ops, 0.1);
        float[] expected = [0.85f, 1.05f, 0.95f];
        for (int i = 0; i < 3; i++)
            Assert.Equal(expected[i], parameter.Data.Span[i], 1e-6f);
    }

    [Fact]
    public void The_norm_is_that_of_all_gradients_together()
    {
        using var a = new Parameter("a", 1, 11);
        using var b = new Parameter("b", 2, 2);
        a.AddGradientRow(0, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
        b.AddGradientRow(1, [0, 4]);
        using IDifferentiableOps ops = CpuOps.Create(1);
        double norm = GradientNorm.Of(ops, [new TrainableParameter(a, true), new TrainableParameter(b, true)]);
        Assert.Equal(5, norm);
        Assert.Equal(0.2, GradientNorm.ClipFactor(norm, 1));
        Assert.Equal(1, GradientNorm.ClipFactor(norm, 6));
        Assert.Equal(1, GradientNorm.ClipFactor(norm, 0));
    }

    [Fact]
    public void Vectors_and_named_parameters_do_not_decay()
    {
        using Model model = TinyModel.Gpt();
        IReadOnlyList<TrainableParameter> selected = new ParameterSelection { WithoutDecay = ["*embed*"] }.Select(model);
        Assert.All(selected, p => Assert.Equal(p.Parameter.Rows > 1 && !p.Name.Contains("embed"), p.Decays));
        Assert.Contains(selected, p => p.Decays);
    }

    [Fact]
    public void Frozen_parameters_get_no_gradient_and_stay()
    {
        using Model model = TinyModel.Gpt();
        IReadOnlyList<TrainableParameter> selected = new ParameterSelection { Frozen = ["*mlp*"] }.Select(model);
        Assert.Contains(model.Parameters, p => !p.Parameter.Trainable);
        Assert.All(model.Parameters, p => Assert.Equal(p.Parameter.Trainable, selected.Any(s => s.Parameter == p.Parameter)));
        var error = Assert.Throws<ArgumentException>(() => new ParameterSelection { Frozen = ["nothing"] }.Select(model));
        Assert.Contains("'nothing' matches no parameter", error.Message);
        Assert.Throws<ArgumentException>(() => new ParameterSelection { Frozen = ["*"] }.Select(model));
    }

    private static Parameter Filled(int rows, int columns, ParameterLayout layout)
    {
        var parameter = new Parameter("p", rows, columns, layout);
        float[] row = new float[columns];
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
                row[c] = MathF.Sin(r * 31 + c);
            parameter.WriteRow(r, row);
            parameter.AddGradientRow(r, row.Reverse().ToArray());
        }

        return parameter;
    }
}
