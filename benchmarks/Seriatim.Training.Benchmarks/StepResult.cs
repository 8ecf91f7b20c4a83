using System.Globalization;
using System.Text;

namespace Seriatim.Training.Benchmarks;

/// <summary>A figure of several rounds.</summary>
internal sealed record Spread(double Median, double Least, double Most)
{
    public static Spread Of(IReadOnlyList<double> values) => new(Seriatim.Benchmarks.Timing.Median(values), values.Min(), values.Max());
}

/// <summary>What a case gave. Times are milliseconds, memory is bytes.</summary>
internal sealed record StepResult(string Name, int Threads, int Rounds, double FlopsPerStep, int TokensPerStep, double Goal)
{
    public required Spread LimitGflops { get; init; }
    public required Spread PeakFraction { get; init; }

    /// <summary>
    /// Operations over the processor time of the step, against what one thread alone can do: holds on a machine that others use; threads that wait
    /// for each other count, so one thread says most.
    /// </summary>
    public required Spread ProcessorFraction { get; init; }
    public required Spread StepMilliseconds { get; init; }
    public required Spread ForwardMilliseconds { get; init; }
    public required Spread BackwardMilliseconds { get; init; }
    public required Spread OptimizerMilliseconds { get; init; }
    public required double ForwardFraction { get; init; }
    public required double BackwardFraction { get; init; }
    public required double TokensPerSecond { get; init; }
    public required long ParameterBytes { get; init; }
    public required long GradientBytes { get; init; }
    public required long MomentBytes { get; init; }
    public required long ActivationBytes { get; init; }
    public required long PeakBytes { get; init; }

    /// <summary>Milliseconds of each op in a step, greatest first; empty unless asked for.</summary>
    public IReadOnlyDictionary<string, double> Ops { get; init; } = new Dictionary<string, double>();

    public override string ToString()
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
        Line($"  step       {StepMilliseconds.Median,8:F1} ms ({StepMilliseconds.Least:F1} - {StepMilliseconds.Most:F1}), {TokensPerSecond:F0} tokens/s, {FlopsPerStep / 1e9:F1} GFLOP");
        Line($"  forward    {ForwardMilliseconds.Median,8:F1} ms, {ForwardFraction:P0} of the limit");
        Line($"  backward   {BackwardMilliseconds.Median,8:F1} ms, {BackwardFraction:P0} of the limit");
        Line($"  optimizer  {OptimizerMilliseconds.Median,8:F1} ms (norm, AdamW, clearing of gradients)");
        Line($"  limit      {LimitGflops.Median,8:F1} GFLOP/s ({LimitGflops.Least:F0} - {LimitGflops.Most:F0})");
        Line($"  whole step {PeakFraction.Median,8:P0} of the limit ({PeakFraction.Least:P0} - {PeakFraction.Most:P0}); goal {Goal:P0}");
        Line($"  by its processor time {ProcessorFraction.Median:P0} of the limit of one thread ({ProcessorFraction.Least:P0} - {ProcessorFraction.Most:P0})");
        Line($"  memory     {PeakBytes / 1e6,8:F0} MB at most = parameters {ParameterBytes / 1e6:F0} + gradients {GradientBytes / 1e6:F0} + moments {MomentBytes / 1e6:F0} + activations and buffers {ActivationBytes / 1e6:F0}");
        foreach ((string op, double milliseconds) in Ops)
            Line($"    {op,-28} {milliseconds,8:F2} ms");
        return text.ToString();
    }
}
