using System.Diagnostics;
using System.Text;
using Seriatim.Models;
using Seriatim.Tensors;
using Seriatim.Training;
using Seriatim.Training.Benchmarks;

namespace Seriatim.Peers;

/// <summary>One step as this project's trainer does it.</summary>
internal sealed class SeriatimTrainer : IContender
{
    private readonly Model _model;
    private readonly IDifferentiableOps _ops;
    private readonly AdamW _optimizer;
    private readonly RaggedBatch _rows;
    private readonly int[] _labels;

    public SeriatimTrainer(StepCase step, int threads)
    {
        _model = Model.Create("config.json", Encoding.UTF8.GetBytes(step.Config), new RandomSource(1, 0.02f));
        _ops = CpuOps.Create(threads);
        _optimizer = new AdamW(new ParameterSelection().Select(_model), new AdamWOptions { WeightDecay = 0.1 });
        var random = new Random(1);
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < step.Sequences; i++)
        {
            builder.Add(Enumerable.Range(0, step.Length).Select(_ => random.Next(step.Vocabulary)).ToArray(),
                outputs: Outputs.All);
        }
        _rows = builder.Build();
        _labels = [.. Enumerable.Range(0, _rows.Rows).Select(_ => random.Next(step.Vocabulary))];
    }

    public string Version => Build.Seriatim;

    public double[] Run()
    {
        long start = Stopwatch.GetTimestamp();
        using (var tape = new Tape(_ops))
        {
            using Tensor hidden = _model.Forward(tape, _rows);
            using Tensor loss = _model.Loss(tape, hidden, _labels, new CrossEntropyOptions(Reduction: LossReduction.Sum));
            tape.Backward(loss);
        }

        double norm = GradientNorm.Of(_ops, _optimizer.Parameters) / _labels.Length;
        _optimizer.Step(_ops, 1e-4, GradientNorm.ClipFactor(norm, 1) / _labels.Length, clear: true);
        return [Stopwatch.GetElapsedTime(start).TotalSeconds];
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _ops.Dispose();
        _model.Dispose();
    }
}
