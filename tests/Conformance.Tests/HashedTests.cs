namespace Seriatim.Conformance.Tests;

/// <summary>What hashed attention decides on the way to its logits: buckets, and the streams between layers.</summary>
public sealed class HashedTests
{
    public static IEnumerable<object[]> Hashed => GoldenCases.Rows(c => HasTensor(c, "lsh_rotations"));

    public static IEnumerable<object[]> Reversible => GoldenCases.Rows(c => IsReversible(c) && HasTensor(c, "hidden_states.0"));

    [GoldenTheory]
    [MemberData(nameof(Hashed))]
    public void BucketsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using GoldenTensors expected = golden.Expected();
        int checkedRows = 0;
        foreach (string kind in (string[])["", "odd_", "padded_"])
        {
            int[][] ids = expected.Ids($"{kind}input_ids");
            int[][] mask = Runs.Mask(expected, $"{kind}attention_mask", $"{kind}input_ids");
            using Model model = kind == "padded_" ? golden.LoadFilled(ids[0].Length, OpsUnderTest.DeviceOf(opsName))
                : golden.Load(device: OpsUnderTest.DeviceOf(opsName));
            var recorder = new BucketRecorder(OpsUnderTest.Get(opsName));
            Runs.DecoderLogits(model, recorder, ids.Select((row, i) => Runs.Unpadded(row, mask[i])));
            var hashed = (MixerSpec.HashedAttention)model.Spec.Decoder!.Layers.First(l =>
                l.Mixer is MixerSpec.HashedAttention).Mixer;
            int next = 0;
            for (int layer = 0; layer < model.Spec.Decoder!.Layers.Count; layer++)
            {
                if (model.Spec.Decoder.Layers[layer].Mixer is MixerSpec.HashedAttention)
                {
                    checkedRows += Check($"{name} {kind}layer {layer}", expected, $"{kind}lsh_buckets.{layer}", mask, hashed,
                        recorder.Buckets[next++]);
                }
            }

            Assert.Equal(next, recorder.Buckets.Count);
        }

        Assert.True(checkedRows > 0);
    }

    [GoldenTheory]
    [MemberData(nameof(Reversible))]
    public void SecondStreamsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using GoldenTensors expected = golden.Expected();
        using Model model = golden.Load(device: OpsUnderTest.DeviceOf(opsName));
        var builder = new RaggedBatchBuilder();
        foreach (int[] row in expected.Ids("input_ids"))
            builder.Add(row, outputs: Outputs.All);
        int width = model.Spec.Decoder!.Width, layers = 0;
        using Tensor hidden = model.Forward(OpsUnderTest.Get(opsName), builder.Build(), null, (layer, x) =>
        {
            float[] streams = x.ToArray();
            float[] second = [.. Enumerable.Range(0, x.Rows * width)
                .Select(i => streams[i / width * x.Columns + width + i % width])];
            Close.Check($"{name} hidden_states.{layer}", expected.Floats($"hidden_states.{layer}"), second, golden.Tolerance);
            layers++;
        });
        Assert.Equal(model.Spec.Decoder.Layers.Count + 1, layers);
    }

    /// <summary>
    /// Compares one layer's buckets; the reference adds an offset for each round, and has a bucket more where rows are filled up.
    /// </summary>
    private static int Check(string what, GoldenTensors expected, string tensor, int[][] mask, MixerSpec.HashedAttention spec,
        float[] actual)
    {
        int[][] wanted = expected.Ids(tensor); // [B · H · R, T]
        int length = wanted[0].Length;
        int buckets = spec.Buckets.For(length, spec.Chunk).Aggregate((a, b) => a * b);
        bool isFilled = mask.Any(row => row.Sum() < length);
        int offset = isFilled ? buckets + 1 : buckets;
        int row = 0;
        for (int b = 0; b < mask.Length; b++)
        {
            for (int t = 0, own = 0; t < length; t++)
            {
                bool isThere = t < mask[b].Length && mask[b][t] == 1;
                for (int head = 0; head < spec.Heads; head++)
                {
                    for (int round = 0; round < spec.Rounds; round++)
                    {
                        int bucket = wanted[(b * spec.Heads + head) * spec.Rounds + round][t] - round * offset;
                        int made = isThere ? (int)actual[((row + own) * spec.Heads + head) * spec.Rounds + round] : buckets;
                        Assert.True(bucket == made,
                            $"{what}: row {t} of {b}, head {head}, round {round}: bucket {made}, expected {bucket}");
                    }
                }

                own += isThere ? 1 : 0;
            }

            row += mask[b].Sum();
        }

        return row;
    }

    private static bool HasTensor(GoldenCase golden, string tensor)
    {
        if (!golden.Has("expected.safetensors"))
            return false;
        using GoldenTensors expected = golden.Expected();
        return expected.Has(tensor);
    }

    private static bool IsReversible(GoldenCase golden)
    {
        if (golden.SkipReason() is not null)
            return false;
        using System.Text.Json.JsonDocument json = golden.Json("config.json");
        System.Text.Json.JsonElement config = TextWrapper.Of(golden.Name, json.RootElement)?.Config ?? json.RootElement;
        return Model.ReadConfig(golden.Name, config).Spec.Last.HasHalves;
    }

    /// <summary>Keeps the results of all hashing.</summary>
    private sealed class BucketRecorder(IOps inner) : IOps
    {
        public List<float[]> Buckets { get; } = [];

        public Device Device => inner.Device;

        public Tensor Recompute<TState>(Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part,
            Func<TState, IDisposable>? hold) => part(this, x, state);

        public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
            Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold) =>
            Coupling.Forward(this, x, state, first, second);

        void IOps.Run<TOp>(TOp op, Span<Tensor> results)
        {
            inner.Run(op, results);
            if (typeof(TOp) == typeof(HashBucketsOp))
                Buckets.Add(results[0].ToArray());
        }
    }
}
