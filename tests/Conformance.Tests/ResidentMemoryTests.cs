using System.Globalization;
using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>What the operating system says the process takes, so nothing else may run beside these.</summary>
[CollectionDefinition(nameof(ResidentMemoryTests), DisableParallelization = true)]
[Collection(nameof(ResidentMemoryTests))]
public sealed class ResidentMemoryTests : IDisposable
{
    private const string Status = "/proc/self/status";

    private readonly string _folder = Directory.CreateTempSubdirectory("seriatim-resident-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>
    /// Models of three shapes, loaded, used and disposed in turn, 20 times: the resident memory is what it was before the first.
    /// </summary>
    [ResidentMemoryFact]
    public void Models_give_resident_memory_back()
    {
        int[] widths = [320, 416, 512];
        Write(1, 512, 64);
        foreach (int width in widths)
            Write(3, width, 4000);

        for (int i = 0; i < 20; i++)
            LoadAndUse(1, 512); // what is compiled on the way, and rows of the largest width, stay

        // What other tests left is given back or taken at any time, and once is no leak: a leak grows each time.
        long before = 0, most = 0, after = 0;
        for (int attempt = 0; attempt < 3 && (attempt == 0 || after > before * 1.05); attempt++)
        {
            before = Resident();
            most = 0;
            for (int round = 0; round < 20; round++)
            {
                foreach (int width in widths)
                    most = Math.Max(most, LoadAndUse(3, width));
            }

            after = Resident();
        }

        Measured.Note("resident bytes before", before);
        Measured.Note("resident bytes at most", most);
        Measured.Note("resident bytes after", after);
        Assert.True(most > before + 30_000_000, $"The models were not to be seen: {before} before, {most} at most.");
        Assert.True(after <= before * 1.05,
            $"{before} bytes were resident before, {after} after 60 models, three times over; {most} at most.");
    }

    private long LoadAndUse(int layers, int width)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model model = Model.Load(Path.Combine(_folder, $"{layers}-{width}"),
            new ModelLoadOptions { Storage = WeightStorage.F32 });
        RaggedBatch batch = new RaggedBatchBuilder().Add([.. Enumerable.Range(0, 60)], outputs: Outputs.All).Build();
        foreach (ModelParameter parameter in model.Parameters)
            parameter.Parameter.ClearGradient();
        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor loss = model.Loss(tape, hidden, new int[60], new CrossEntropyOptions());
        tape.Backward(loss);
        return ResidentNow();
    }

    private static long Resident()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return ResidentNow();
    }

    private static long ResidentNow()
    {
        string line = File.ReadLines(Status).First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(6).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }

    private void Write(int layers, int width, int vocabulary)
    {
        using Model model =
            Model.Create("config.json", Encoding.UTF8.GetBytes(Config(layers, width, vocabulary)), new RandomSource(7));
        CheckpointWriter.Write(model, Path.Combine(_folder, $"{layers}-{width}"));
    }

    private static string Config(int layers, int width, int vocabulary) => $$"""
        {"architectures": ["LlamaForCausalLM"], "vocab_size": {{vocabulary}}, "hidden_size": {{width}}, "intermediate_size": {{3 * width}},
        "num_hidden_layers": {{layers}}, "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 64}
        """;

    /// <summary>A fact where the system says how much is resident; skipped elsewhere.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class ResidentMemoryFactAttribute : FactAttribute
    {
        public ResidentMemoryFactAttribute() => Skip = File.Exists(Status) ? null : $"{Status} does not exist";
    }
}
