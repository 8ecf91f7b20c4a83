using System.Text;
using Seriatim.Benchmarks;
using Seriatim.Models;
using Seriatim.Tensors;

namespace Seriatim.Training.Benchmarks;

/// <summary>
/// Whole training steps of a model. Each round measures the limit, some steps, and the limit again, and takes the better limit: the
/// fractions hold when the machine's speed drifts.
/// </summary>
internal sealed class StepBenchmark : IDisposable
{
    private readonly Model _model;
    private readonly IDifferentiableOps _ops;
    private readonly OpTimes? _timed;
    private readonly AdamW _optimizer;
    private readonly TrainingBatch _batch;
    private readonly bool _recompute;

    private StepBenchmark(StepCase step, int threads, bool recompute, bool timed)
    {
        _recompute = recompute;
        _model = Model.Create("config.json", Encoding.UTF8.GetBytes(step.Config), new RandomSource(1, 0.02f));
        _ops = CpuOps.Create(threads);
        if (timed)
            _ops = new ObservedOps(_ops, _timed = new OpTimes());
        _optimizer = new AdamW(new ParameterSelection().Select(_model), new AdamWOptions { WeightDecay = 0.1 });
        var random = new Random(1);
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < step.Sequences; i++)
            builder.Add(Enumerable.Range(0, step.Length).Select(_ => random.Next(step.Vocabulary)).ToArray(), outputs: Outputs.All);
        RaggedBatch rows = builder.Build();
        _batch = new TrainingBatch(rows, null, [.. Enumerable.Range(0, rows.Rows)], [.. Enumerable.Range(0, rows.Rows).Select(_ => random.Next(step.Vocabulary))]);
    }

    public static StepResult Run(StepCase step, int threads, int rounds, bool recompute, bool ops)
    {
        TensorPool.Shared.Trim();
        long before = TensorPool.Shared.LiveBytes;
        using var benchmark = new StepBenchmark(step, threads, recompute, ops);
        double flops = new TrainingFlops(benchmark._model.Spec).Of(benchmark._batch);
        for (double spent = 0; spent < 2;) // the JIT settles, buffers are made
            spent += benchmark.Step().Sum;
        long peak = TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before;
        benchmark._timed?.Clear();
        int perRound = Math.Max(1, (int)(1 / benchmark.Step().Sum)), steps = 1;
        var times = new List<(double Forward, double Backward, double Optimizer, double Sum)>();
        List<double> limits = [], oneThread = [], processors = [];
        for (int round = 0; round < rounds; round++)
        {
            double limit = FmaProbe.Measure(threads, 0.05);
            (double forward, double backward, double optimizer) = (0, 0, 0);
            TimeSpan processor = Environment.CpuUsage.TotalTime;
            for (int i = 0; i < perRound; i++, steps++)
            {
                Times t = benchmark.Step();
                (forward, backward, optimizer) = (forward + t.Forward, backward + t.Backward, optimizer + t.Optimizer);
            }

            processors.Add((Environment.CpuUsage.TotalTime - processor).TotalSeconds / perRound);
            oneThread.Add(FmaProbe.Measure(1, 0.05));
            limits.Add(Math.Max(limit, FmaProbe.Measure(threads, 0.05)));
            times.Add((forward / perRound, backward / perRound, optimizer / perRound, (forward + backward + optimizer) / perRound));
        }

        Spread Of(Func<int, double> figure) => Spread.Of([.. Enumerable.Range(0, rounds).Select(figure)]);
        long parameters = benchmark._model.WeightBytes, moments = benchmark._optimizer.Moments.Sum(m => m.Values.Bytes);
        long gradients = benchmark._optimizer.Parameters.Sum(p => p.Parameter.Data.Bytes);
        Spread whole = Of(i => times[i].Sum * 1e3);
        return new StepResult(step.Name, threads, rounds, flops, benchmark._batch.TotalRows, step.Goal)
        {
            LimitGflops = Of(i => limits[i] / 1e9),
            PeakFraction = Of(i => flops / times[i].Sum / limits[i]),
            ProcessorFraction = Of(i => flops / processors[i] / oneThread[i]),
            StepMilliseconds = whole,
            ForwardMilliseconds = Of(i => times[i].Forward * 1e3),
            BackwardMilliseconds = Of(i => times[i].Backward * 1e3),
            OptimizerMilliseconds = Of(i => times[i].Optimizer * 1e3),
            ForwardFraction = Of(i => flops / 3 / times[i].Forward / limits[i]).Median,
            BackwardFraction = Of(i => flops * 2 / 3 / times[i].Backward / limits[i]).Median,
            TokensPerSecond = benchmark._batch.TotalRows / whole.Median * 1e3,
            ParameterBytes = parameters,
            GradientBytes = gradients,
            MomentBytes = moments,
            ActivationBytes = peak - parameters - gradients - moments,
            PeakBytes = peak,
            Ops = benchmark._timed?.Milliseconds(steps) ?? new Dictionary<string, double>(),
        };
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _ops.Dispose();
        _model.Dispose();
    }

    /// <summary>One step as the trainer does it.</summary>
    private Times Step()
    {
        double forward, backward;
        using (var tape = new Tape(_ops) { RecomputesLayers = _recompute })
        {
            Tensor? loss = null;
            forward = Timing.Seconds(() =>
            {
                using Tensor hidden = _model.Forward(tape, _batch.Rows);
                loss = _model.Loss(tape, hidden, _batch.Labels, new CrossEntropyOptions(Reduction: LossReduction.Sum));
            });
            backward = Timing.Seconds(() => tape.Backward(loss!));
            loss!.Dispose();
        }

        double optimizer = Timing.Seconds(() =>
        {
            double norm = GradientNorm.Of(_ops, _optimizer.Parameters) / _batch.Labels.Length;
            _optimizer.Step(_ops, 1e-4, GradientNorm.ClipFactor(norm, 1) / _batch.Labels.Length, clear: true);
        });
        return new Times(forward, backward, optimizer);
    }

    private readonly record struct Times(double Forward, double Backward, double Optimizer)
    {
        public double Sum => Forward + Backward + Optimizer;
    }
}
