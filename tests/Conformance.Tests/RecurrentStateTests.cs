namespace Seriatim.Conformance.Tests;

/// <summary>
/// LSTM and GRU against torch: rows of the last layer, last states, those of a start that is given, those of sequences of
/// several lengths; and that cutting a sequence gives the same states, to the bit.
/// </summary>
public sealed class RecurrentStateTests
{
    /// <summary>The README's for these cases.</summary>
    private const float Tolerance = 1e-5f;

    public static IEnumerable<object[]> Recurrent =>
        GoldenCases.Rows(c => c.Has("expected.safetensors") && Has(c, "final_h") && Has(c, "from_state_logits"));

    [GoldenTheory]
    [MemberData(nameof(Recurrent))]
    public void RowsAndStatesEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(device: ops.Device);
        using GoldenTensors expected = golden.Expected();
        int[][] ids = expected.Ids("input_ids");
        RaggedBatch batch = Batch(ids);
        using (Tensor hidden = model.Forward(ops, batch))
        {
            Close.Check($"{name} hidden states", expected.Floats("hidden_states"), hidden.ToArray(), Tolerance);
            using Tensor logits = model.Project(ops, hidden);
            Close.Check($"{name} logits", expected.Floats("logits"), logits.ToArray(), Tolerance);
        }

        using GivenStates begins = GivenStates.Of(expected, "from_state_initial", ops.Device)!;
        using (Tensor hidden = model.Forward(ops, batch, begins))
        {
            using Tensor logits = model.Project(ops, hidden);
            Close.Check($"{name} logits from a state", expected.Floats("from_state_logits"), logits.ToArray(), Tolerance);
        }

        float[][] whole = States(model, ops, ids, step: 100);
        Check($"{name} final state", GivenStates.Values(expected, "final")!, whole);
        Bits.Equal(whole, States(model, ops, ids, step: 1), $"{name}, row by row");
        Bits.Equal(whole, States(model, ops, ids, step: 5), $"{name}, five rows at a time");
        int[] lengths = expected.Ids("lengths")[0];
        float[][] padded = States(model, ops, [.. ids.Select((row, i) => row[..lengths[i]])], step: 4);
        Check($"{name} final state of a padded batch", GivenStates.Values(expected, "padded_final")!, padded);
    }

    /// <summary>The states after a start that is given, in a memory: as if what made them had been read.</summary>
    [GoldenTheory]
    [MemberData(nameof(Recurrent))]
    public unsafe void StatesThatAreGivenInAMemoryAreGoneOnFrom(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(device: ops.Device);
        using GoldenTensors expected = golden.Expected();
        int[][] ids = expected.Ids("input_ids");
        float[][] begins = GivenStates.Values(expected, "from_state_initial")!;
        float[][] after = States(model, ops, ids, step: 3, memories =>
        {
            for (int i = 0; i < memories.Length; i++)
            {
                var store = (StateMemory)memories[i].Stores[0];
                for (int layer = 0; layer < begins.Length; layer++)
                {
                    int width = begins[layer].Length / ids.Length;
                    begins[layer].AsSpan(i * width, width).CopyTo(new Span<float>(store.Storage.At(store.Source, layer), width));
                }
            }
        });
        Check($"{name} final state from a state", GivenStates.Values(expected, "from_state_final")!, after);
    }

    private static bool Has(GoldenCase golden, string tensor)
    {
        using GoldenTensors expected = golden.Expected();
        return expected.Has(tensor);
    }

    private static RaggedBatch Batch(int[][] ids)
    {
        var builder = new RaggedBatchBuilder();
        foreach (int[] row in ids)
            builder.Add(row, outputs: Outputs.All);
        return builder.Build();
    }

    private static void Check(string what, float[][] expected, float[][] actual)
    {
        for (int layer = 0; layer < expected.Length; layer++)
            Close.Check($"{what} of layer {layer}", expected[layer], actual[layer], Tolerance);
    }

    /// <summary>
    /// The states of each layer after so many rows at a time; one row before that is read, if the states are set.
    /// </summary>
    private static unsafe float[][] States(
        Model model, IOps ops, int[][] ids, int step, Action<SequenceMemory[]>? set = null)
    {
        using MemoryPools pools = model.NewMemoryPools(4, pages: 1, states: 2 * ids.Length);
        SequenceMemory[] memories = [.. ids.Select(_ => model.NewMemory(pools))];
        void Run(Func<int[], int[]> take)
        {
            var builder = new RaggedBatchBuilder();
            for (int i = 0; i < ids.Length; i++)
            {
                if (take(ids[i]) is { Length: > 0 } rows)
                    builder.Add(rows, memories[i]);
            }

            RaggedBatch batch = builder.Build();
            model.Forward(ops, batch).Dispose();
            (ops.Device as Tensors.Tests.LateDevice)?.Synchronize();
            batch.Commit();
        }

        if (set is not null)
        {
            Run(row => row[..1]);
            set(memories);
        }

        for (int start = 0; start < ids.Max(row => row.Length); start += step)
            Run(row => row[Math.Min(start, row.Length)..Math.Min(start + step, row.Length)]);
        var states = new float[model.Spec.Decoder!.Layers.Count][];
        for (int layer = 0; layer < states.Length; layer++)
        {
            int width = ((MixerSpec.Recurrent)model.Spec.Decoder.Layers[layer].Mixer).StateWidth;
            states[layer] = [.. memories.Select(m => (StateMemory)m.Stores[0]).SelectMany(store =>
                new ReadOnlySpan<float>(store.Storage.At(store.Source, layer), width).ToArray())];
        }

        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return states;
    }
}
