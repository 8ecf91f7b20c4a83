using Seriatim.Benchmarks;
using Seriatim.Tensors;

namespace Seriatim.Attention.Benchmarks;

/// <summary>
/// The kernels of recurrent layers as shares of what the machine can do, measured in the same round: of its multiply-adds for
/// long prompts, of its reads for one token of one sequence (the state is read once and written once; reads alone are counted).
/// </summary>
internal static class KernelShares
{
    private const int Rows = 2048;

    /// <summary>Layers of a token's step: so many that no state is in a cache when its turn comes again.</summary>
    private const int Layers = 256;

    private sealed record Kernel(string Name, int StateWidth, double Products,
        Func<IDifferentiableOps, RecurrenceRows, int, Tensor> Run);

    public static void Run(int threads, int rounds)
    {
        using IDifferentiableOps ops = CpuOps.Create(threads);
        using var probe = new MachineProbe(threads);
        Console.WriteLine($"{"",-44}{"multiply-adds, long prompt",28}{"read and written, one token",30}");
        foreach (Func<int, Kernel> make in (Func<int, Kernel>[])[Retention, SelectiveScan, Convolution])
        {
            Kernel prompt = make(Rows), token = make(1);
            double products = Share(probe, rounds, s => s.F32MultiplyAddsPerSecond,
                () => prompt.Run(ops, new RecurrenceRows([new RecurrenceSegment(0, Rows, -1, [])], null), 0).Dispose(),
                prompt.Products * Rows);
            using var storage = new StateStorage([.. Enumerable.Repeat(token.StateWidth, Layers)], 2);
            int at = 0;
            double reads = Share(probe, rounds, s => s.ReadBytesPerSecond, () =>
            {
                var rows = new RecurrenceRows([new RecurrenceSegment(0, 1, at, [new KeptState(0, 1 - at)])], storage);
                for (int layer = 0; layer < Layers; layer++)
                    token.Run(ops, rows, layer).Dispose();
                at = 1 - at;
            }, 2.0 * token.StateWidth * sizeof(float) * Layers);
            Console.WriteLine($"{prompt.Name,-44}{products,28:P0}{reads,30:P0}");
        }
    }

    /// <summary>The median of the shares of all rounds, each by the better of the limits before and after.</summary>
    private static double Share(MachineProbe probe, int rounds, Func<MachineSpeed, double> limit, Action run, double work)
    {
        for (double spent = 0; spent < 1.5;) // the JIT settles
            spent += Timing.Seconds(run);
        var shares = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            MachineSpeed before = probe.Measure();
            double best = double.PositiveInfinity;
            for (int i = 0; i < 3; i++)
                best = Math.Min(best, Timing.Seconds(run));
            shares.Add(work / best / limit(MachineSpeed.Max(before, probe.Measure())));
        }

        return Timing.Median(shares);
    }

    private static Kernel Retention(int rows)
    {
        const int Heads = 8, Keys = 64, Values = 128;
        (Tensor q, Tensor k, Tensor v) = (Random(rows, Heads * Keys), Random(rows, Heads * Keys), Random(rows, Heads * Values));
        LinearDecay decay = LinearDecay.Constant([.. Enumerable.Range(0, Heads).Select(h => 1 - MathF.Pow(2, -5 - h))]);
        return new("retention and Mamba-2: 8 heads of 64 x 128", Heads * Keys * Values, 2.0 * Heads * Keys * Values,
            (ops, segments, layer) => ops.LinearRecurrence(q, k, v, decay, Heads, segments, layer));
    }

    /// <summary>
    /// Counted: a decay, a product with the input and the sum of outputs for each state; the exponentials are not.
    /// </summary>
    private static Kernel SelectiveScan(int rows)
    {
        const int Channels = 4096, States = 16;
        (Tensor x, Tensor dt) = (Random(rows, Channels), Random(rows, Channels, 0.01f));
        (Tensor b, Tensor c) = (Random(rows, States), Random(rows, States));
        Parameter rates = Filled("A_log", Channels, States, ParameterLayout.Panels), skip = Filled("D", 1, Channels);
        return new("selective scan of Mamba: 4,096 channels x 16", OpsExtensions.SelectiveScanState(Channels, States),
            3.0 * Channels * States, (ops, segments, layer) => ops.SelectiveScan(x, dt, b, c, rates, skip, segments, layer));
    }

    private static Kernel Convolution(int rows)
    {
        const int Channels = 4096, Taps = 4;
        Tensor x = Random(rows, Channels);
        Parameter weight = Filled("conv", Channels, Taps, ParameterLayout.Panels);
        return new("causal convolution: 4,096 channels, 4 taps", Channels * (Taps - 1), Channels * Taps,
            (ops, segments, layer) => ops.CausalConvolution(x, weight, null, segments, layer));
    }

    private static Parameter Filled(string name, int rows, int columns, ParameterLayout layout = ParameterLayout.RowMajor)
    {
        Parameter parameter = Device.Cpu.NewParameter(name, rows, columns, layout);
        for (int row = 0; row < rows; row++)
            parameter.WriteRow(row, [.. Enumerable.Range(1, columns).Select(i => MathF.Log(i) / 4)]);
        return parameter;
    }

    private static Tensor Random(int rows, int columns, float least = -0.5f)
    {
        var random = new Random(rows + columns);
        return Device.Cpu.Upload([.. Enumerable.Range(0, rows * columns).Select(_ => (float)random.NextDouble() + least)],
            rows, columns);
    }
}
