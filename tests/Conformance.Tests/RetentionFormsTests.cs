namespace Seriatim.Conformance.Tests;

/// <summary>
/// The three forms that the reference has for retention (parallel, recurrent, chunkwise) are one model in three ways to cut its
/// rows: whole, row by row, in chunks. They give the same bits here, and lie near each form of the reference, whose own forms
/// differ by what the norm's epsilon makes of their scales.
/// </summary>
public sealed class RetentionFormsTests
{
    private const int PageSize = 4;

    public static IEnumerable<object[]> Forms => GoldenCases.Rows(c => c.Has("expected.safetensors") && HasForms(c));

    [GoldenTheory]
    [MemberData(nameof(Forms))]
    public void TheThreeFormsAreOne(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(device: ops.Device);
        using GoldenTensors expected = golden.Expected();
        int[][] ids = expected.Ids("input_ids");
        float[][] whole = Runs.DecoderLogits(model, ops, ids);
        using System.Text.Json.JsonDocument config = golden.Json("config.json");
        int chunk = config.RootElement.GetProperty("recurrent_chunk_size").GetInt32();
        float[][] recurrent = InSteps(model, ops, ids, 1, expected, golden);
        float[][] chunkwise = InSteps(model, ops, ids, chunk, expected, golden);
        Bits.Equal(whole, recurrent, $"{name}, row by row");
        Bits.Equal(whole, chunkwise, $"{name}, in chunks of {chunk}");
        foreach (string form in (string[])["logits", "logits_recurrent", "logits_chunkwise"])
            Close.Check($"{name} {form}", expected.Floats(form), [.. whole.SelectMany(row => row)], golden.Tolerance);
    }

    private static bool HasForms(GoldenCase golden)
    {
        using GoldenTensors expected = golden.Expected();
        return expected.Has("logits_recurrent");
    }

    /// <summary>Logits of all rows, so many at a time; afterwards the states are those of the reference.</summary>
    private static float[][] InSteps(
        Model model, IOps ops, int[][] ids, int step, GoldenTensors expected, GoldenCase golden)
    {
        using MemoryPools pools = model.NewMemoryPools(PageSize, pages: 1, states: 2 * ids.Length);
        SequenceMemory[] memories = [.. ids.Select(_ => model.NewMemory(pools))];
        List<float>[] logits = [.. ids.Select(_ => new List<float>())];
        for (int start = 0; start < ids[0].Length; start += step)
        {
            var builder = new RaggedBatchBuilder();
            for (int i = 0; i < ids.Length; i++)
                builder.Add(ids[i][start..Math.Min(start + step, ids[i].Length)], memories[i], outputs: Outputs.All);
            RaggedBatch batch = builder.Build();
            using Tensor hidden = model.Forward(ops, batch);
            using Tensor rows = model.Project(ops, hidden);
            foreach ((List<float> all, float[] own) in logits.Zip(Runs.Split(batch, rows)))
                all.AddRange(own);
            batch.Commit();
        }

        (ops.Device as Tensors.Tests.LateDevice)?.Synchronize();
        for (int layer = 0; layer < model.Spec.Decoder!.Layers.Count; layer++)
            CheckStates(model, memories, layer, expected, golden);
        foreach (SequenceMemory memory in memories)
            memory.Dispose();
        return [.. logits.Select(all => all.ToArray())];
    }

    /// <summary>
    /// The reference divides its states by the root of <c>1 + γ + γ² + ...</c> so far, and holds them as values by keys.
    /// </summary>
    private static unsafe void CheckStates(
        Model model, SequenceMemory[] memories, int layer, GoldenTensors expected, GoldenCase golden)
    {
        var spec = (MixerSpec.Retention)model.Spec.Decoder!.Layers[layer].Mixer;
        float[] scales = expected.Floats($"final_state.{layer}.scale");
        var states = new List<float>();
        foreach (SequenceMemory memory in memories)
        {
            var store = (StateMemory)memory.Stores[0];
            float* state = store.Storage.At(store.Source, layer);
            for (int head = 0; head < spec.Heads; head++)
            {
                for (int value = 0; value < spec.ValueDim; value++)
                {
                    for (int key = 0; key < spec.KeyDim; key++)
                        states.Add(state[(head * spec.KeyDim + key) * spec.ValueDim + value] / MathF.Sqrt(scales[head]));
                }
            }
        }

        float[] wanted = expected.Floats($"final_state.{layer}.prev_key_value");
        Close.Check($"{golden.Name} state {layer}", wanted, states.ToArray(), golden.Tolerance);
    }
}
