using Seriatim.Tensors;
using Seriatim.Tensors.Tests;

namespace Seriatim.Benchmarks;

/// <summary>The fourth mode of the table of op cases: how long each takes, forward, and forward with backward.</summary>
internal static class OpTableBenchmarks
{
    public static int Run(int threads, int rounds, string filter)
    {
        using IDifferentiableOps ops = CpuOps.Create(threads);
        OpCase[] cases = [.. OpCases.All().Where(c => c.Name.Contains(filter, StringComparison.OrdinalIgnoreCase))];
        if (cases.Length == 0)
        {
            Console.Error.WriteLine($"No case has '{filter}' in its name.");
            return 1;
        }

        Console.WriteLine($"{threads} threads, lanes of {LaneWidths.Best}, medians of {rounds} rounds, microseconds");
        Console.WriteLine($"{"case",-70} {"forward",10} {"with backward",14}");
        foreach (OpCase c in cases)
        {
            double forward = Measure(rounds, () => c.Run(ops).Dispose());
            string backward = c.Differentiable ? $"{Measure(rounds, () => WithBackward(c, ops)),14:F1}" : $"{"",14}";
            Console.WriteLine($"{c.Name,-70} {forward,10:F1} {backward}");
        }

        return 0;
    }

    private static void WithBackward(OpCase c, IDifferentiableOps ops)
    {
        using var tape = new Tape(ops);
        using Tensor y = c.Run(tape);
        tape.Backward(y);
    }

    private static double Measure(int rounds, Action call)
    {
        double once = 0;
        for (double spent = 0; spent < 0.05; spent += once)
            once = Timing.Seconds(call);
        int calls = Math.Max(1, (int)(0.01 / once));
        return 1e6 * Timing.Median(Enumerable.Range(0, rounds).Select(_ => Timing.Seconds(() =>
        {
            for (int i = 0; i < calls; i++)
                call();
        }) / calls));
    }
}
