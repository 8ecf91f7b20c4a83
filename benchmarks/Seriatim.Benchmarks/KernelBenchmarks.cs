using Seriatim.Tensors;

namespace Seriatim.Benchmarks;

/// <summary>
/// The speed of the kernels as a fraction of the machine's limits. Each round measures the limit, the kernel and the limit again, and takes the
/// better limit; the figure is the median of the rounds' fractions, which holds when the machine's speed drifts.
/// </summary>
internal static class KernelBenchmarks
{
    private enum Limit
    {
        Fma,
        Read,
    }

    /// <param name="Amount">Floating-point operations, or bytes read, of one call.</param>
    /// <param name="Goal">Fraction of the limit that the project asks for; 0 for none.</param>
    private sealed record Benchmark(string Name, Limit Limit, double Amount, double Goal, Action Call);

    public static int Run(int threads, int rounds, string filter)
    {
        using var team = new WorkerTeam(threads);
        using var limits = new MachineLimits(team);
        using IDifferentiableOps ops = CpuOps.Create(threads);
        limits.FmaFlops();
        limits.ReadBytesPerSecond();
        Console.WriteLine($"{threads} threads, lanes of {LaneWidths.Best}, medians of {rounds} rounds; fractions against the limit measured in the same round");
        Console.WriteLine($"machine code {MachineCode.Description}");
        Console.WriteLine($"{"kernel",-62} {"speed",16} {"limit",16} {"fraction",9} {"spread",13} {"goal",6}");
        bool any = false;
        foreach (Benchmark benchmark in All(ops).Where(b => b.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)))
        {
            any = true;
            Measure(benchmark, limits, rounds);
        }

        if (!any)
            Console.Error.WriteLine($"No benchmark has '{filter}' in its name.");
        return any ? 0 : 1;
    }

    private static void Measure(Benchmark benchmark, MachineLimits limits, int rounds)
    {
        // Warm until the JIT has settled, then make one sample long enough for the clock.
        double once = 0;
        for (double spent = 0; spent < 0.6; spent += once)
            once = Timing.Seconds(benchmark.Call);
        int calls = Math.Max(1, (int)(0.1 / once));
        var speeds = new List<double>();
        var fractions = new List<double>();
        var limitSpeeds = new List<double>();
        for (int round = 0; round < rounds; round++)
        {
            double limit = Measured(limits, benchmark.Limit);
            double seconds = Timing.Seconds(() =>
            {
                for (int i = 0; i < calls; i++)
                    benchmark.Call();
            });
            limit = Math.Max(limit, Measured(limits, benchmark.Limit));
            double speed = benchmark.Amount * calls / seconds;
            speeds.Add(speed);
            limitSpeeds.Add(limit);
            fractions.Add(speed / limit);
        }

        string unit = benchmark.Limit == Limit.Fma ? "GFLOP/s" : "GB/s";
        string goal = benchmark.Goal > 0 ? $"{benchmark.Goal:P0}" : "";
        Console.WriteLine($"{benchmark.Name,-62} {Timing.Median(speeds) / 1e9,8:F1} {unit,-7} {Timing.Median(limitSpeeds) / 1e9,8:F1} {unit,-7} "
            + $"{Timing.Median(fractions),9:P0} {fractions.Min(),5:P0} - {fractions.Max(),5:P0} {goal,6}");
    }

    private static double Measured(MachineLimits limits, Limit limit) =>
        limit == Limit.Fma ? limits.FmaFlops() : limits.ReadBytesPerSecond();

    private static IEnumerable<Benchmark> All(IDifferentiableOps ops)
    {
        foreach (DataType type in new[] { DataType.F32, DataType.BF16, DataType.F16 })
        {
            LinearWeight weight = Weight(2048, 2048, type);
            Tensor x = Random(512, 2048);
            double flops = 2.0 * 512 * 2048 * 2048;
            yield return new Benchmark($"linear {type}, 512 rows, 2048 x 2048", Limit.Fma, flops, type == DataType.F32 ? 0.85 : 0, () => ops.Linear(x, weight).Dispose());
        }

        foreach (DataType type in new[] { DataType.F32, DataType.BF16, DataType.F16 })
        {
            LinearWeight weight = Weight(type == DataType.F32 ? 16384 : 32768, 4096, type);
            foreach (int rows in new[] { 1, 4, 8 })
            {
                Tensor x = Random(rows, 4096);
                yield return new Benchmark($"linear {type}, {rows} rows, {weight.Outputs} x 4096 ({weight.Bytes >> 20} MB)", Limit.Read, weight.Bytes,
                    rows == 1 && type == DataType.F32 ? 0.9 : 0, () => ops.Linear(x, weight).Dispose());
            }

            weight.Dispose();
        }

        foreach (int rows in new[] { 512, 2048 })
        {
            LinearWeight frozen = Weight(2048, 2048, DataType.F32);
            frozen.Parameters.First().Trainable = false;
            LinearWeight trained = Weight(2048, 2048, DataType.F32);
            Tensor x = Random(rows, 2048);
            Tensor dy = Random(rows, 2048);
            double flops = 2.0 * rows * 2048 * 2048;
            yield return new Benchmark($"linear backward, input only, {rows} rows, 2048 x 2048", Limit.Fma, flops, 0.75, () => ops.LinearBackward(x, frozen, dy).Dispose());
            yield return new Benchmark($"linear backward, input and weight, {rows} rows, 2048 x 2048", Limit.Fma, 2 * flops, 0.75, () => ops.LinearBackward(x, trained, dy).Dispose());
        }

        foreach (BlockType type in new[] { BlockType.Q8_0, BlockType.Q4_0, BlockType.Q4_K, BlockType.Q6_K })
        {
            foreach (Benchmark benchmark in Quantized(ops, type))
                yield return benchmark;
        }

        foreach (Benchmark benchmark in Attention(ops))
            yield return benchmark;
    }

    /// <summary>Goals: 1.7 of the F32 peak for many rows, counted in multiply-adds; 90 % of the read limit for one, 85 % with four bits.</summary>
    private static IEnumerable<Benchmark> Quantized(IDifferentiableOps ops, BlockType type)
    {
        using (LinearWeight weight = Weight(2048, 2048, type))
        {
            Tensor x = Random(256, 2048);
            yield return new Benchmark($"linear {type}, 256 rows, 2048 x 2048", Limit.Fma, 2.0 * 256 * 2048 * 2048, 1.7, () => ops.Linear(x, weight).Dispose());
        }

        using (LinearWeight weight = Weight(65536, 4096, type))
        {
            foreach (int rows in new[] { 1, 4, 16 })
            {
                Tensor x = Random(rows, 4096);
                yield return new Benchmark($"linear {type}, {rows} rows, {weight.Outputs} x 4096 ({weight.Bytes >> 20} MB)", Limit.Read, weight.Bytes,
                    rows > 1 ? 0 : type == BlockType.Q8_0 ? 0.9 : 0.85, () => ops.Linear(x, weight).Dispose());
            }
        }
    }

    private static IEnumerable<Benchmark> Attention(IDifferentiableOps ops)
    {
        const int Rows = 2048;
        const int Heads = 8;
        const int D = 64;
        var spec = new AttentionSpec(Heads, Heads, D, 0.125f);
        var rows = new AttentionRows([new AttentionSegment(0, Rows, 0, Rows, 0, null, Visibility.Causal)], null);
        Tensor q = Random(Rows, Heads * D), k = Random(Rows, Heads * D), v = Random(Rows, Heads * D), dy = Random(Rows, Heads * D);
        double flops = 4.0 * Heads * D * Rows * (Rows + 1) / 2;
        yield return new Benchmark("attention, causal, 2048 tokens, 8 x 64", Limit.Fma, flops, 0.45, () => ops.Attention(q, k, v, rows, 0, spec).Dispose());

        Tensor y = ops.Attention(q, k, v, rows, 0, spec, out Tensor logSumExp);
        yield return new Benchmark("attention backward, causal, 2048 tokens, 8 x 64", Limit.Fma, 2.5 * flops, 0.35, () =>
        {
            (Tensor dq, Tensor dk, Tensor dv) = ops.AttentionBackward(q, k, v, y, logSumExp, rows, spec, dy);
            dq.Dispose();
            dk.Dispose();
            dv.Dispose();
        });

        foreach (int page in new[] { 16, 64 })
        {
            var pool = new KeyValuePool(1, Heads, D, page, Rows / page);
            int[] pages = [.. Enumerable.Range(0, Rows / page)];
            var stored = new AttentionRows([new AttentionSegment(0, Rows, 0, Rows, 0, pages, Visibility.Causal)], pool);
            yield return new Benchmark($"attention and store, pages of {page}, causal, 2048 tokens, 8 x 64", Limit.Fma, flops, 0.45,
                () => ops.Attention(q, k, v, stored, 0, spec).Dispose());
        }
    }

    private static LinearWeight Weight(int outputs, int inputs, DataType type)
    {
        var matrix = new Parameter("w", outputs, inputs, ParameterLayout.Panels, type);
        float[] row = new float[inputs];
        var random = new Random(1);
        for (int o = 0; o < outputs; o++)
        {
            // One random row for many outputs: the speed does not depend on the values, the start-up does.
            for (int i = 0; o % 512 == 0 && i < inputs; i++)
                row[i] = random.NextSingle() - 0.5f;
            matrix.WriteRow(o, row);
        }

        return LinearWeight.FromPanels(matrix);
    }

    private static unsafe QuantizedWeight Weight(int outputs, int inputs, BlockType type)
    {
        float[] values = new float[inputs];
        var random = new Random(1);
        for (int i = 0; i < inputs; i++)
            values[i] = random.NextSingle() - 0.5f;
        // The same row everywhere: the speed does not depend on the values, the start-up does.
        byte[] blocks = new byte[type.Bytes(inputs)];
        type.Encode(values, blocks);
        fixed (byte* row = blocks)
        {
            nint address = (nint)row;
            return new QuantizedWeight(QuantizedMatrix.Create("w", type, outputs, inputs, QuantizedPlacement.Packed, _ => address), null);
        }
    }

    private static Tensor Random(int rows, int columns)
    {
        Tensor tensor = Tensor.Create(rows, columns);
        var random = new Random(rows * 31 + columns);
        foreach (ref float value in tensor.Span)
            value = random.NextSingle() - 0.5f;
        return tensor;
    }
}
