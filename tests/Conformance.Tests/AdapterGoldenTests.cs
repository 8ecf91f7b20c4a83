namespace Seriatim.Conformance.Tests;

/// <summary>
/// Logits of a model with low-rank adapters as huggingface/peft gives them: each adapter, sums of both, and none, side by side in
/// one batch.
/// </summary>
public sealed class AdapterGoldenTests
{
    private const string Prefix = "base_model.model.";

    [AdapterFact]
    public void AdaptersOfPeftGiveTheirLogits()
    {
        string folder = Path.Combine(GoldenRoots.Shared, "adapters", "lora-llama");
        using Model model = Model.Load(Path.Combine(GoldenRoots.First, "llama-gqa-tied"));
        Dictionary<string, LowRankFactors> a = Read(model, Path.Combine(folder, "adapter_a"), 2),
            b = Read(model, Path.Combine(folder, "adapter_b"), 3);
        model.AddAdapter("a", a);
        model.AddAdapter("b", b);
        model.AddAdapter("both", Sum(a, 1, b, 1));
        model.AddAdapter("weighted", Sum(a, 0.7f, b, 0.4f));
        using var expected = new GoldenTensors(Path.Combine(folder, "expected.safetensors"));
        int[][] ids = expected.Ids("input_ids");
        foreach (string name in OpsUnderTest.Names.Where(name => OpsUnderTest.DeviceOf(name) == Device.Cpu))
        {
            IOps ops = OpsUnderTest.Get(name);
            var builder = new RaggedBatchBuilder();
            (string? Adapter, string Name)[] kinds =
            [
                (null, "logits_base"), ("a", "logits_a"), ("b", "logits_b"), ("both", "logits_a_plus_b"),
                ("weighted", "logits_weighted"),
            ];
            foreach (int[] row in ids)
            {
                foreach ((string? adapter, _) in kinds)
                    builder.Add(row, terms: new SequenceTerms { Adapter = adapter }, outputs: Outputs.All);
            }

            using Tensor hidden = model.Forward(ops, builder.Build());
            using Tensor logits = model.Project(ops, hidden);
            float[][] rows = Session.Rows(logits);
            for (int i = 0; i < ids.Length * kinds.Length; i++)
            {
                (int sequence, int kind) = int.DivRem(i, kinds.Length);
                int length = ids[sequence].Length;
                float[] own = [.. rows.Skip(i * length).Take(length).SelectMany(row => row)];
                float[] golden = expected.Floats(kinds[kind].Name)[(sequence * own.Length)..((sequence + 1) * own.Length)];
                Close.Check($"{name} {kinds[kind].Name} of sequence {sequence}", golden, own, 2e-4);
            }
        }
    }

    /// <summary>A weighted sum of two adapters is one adapter: A stacked, B side by side with weights and scales in it.</summary>
    private static Dictionary<string, LowRankFactors> Sum(
        Dictionary<string, LowRankFactors> first, float firstWeight, Dictionary<string, LowRankFactors> second,
        float secondWeight)
    {
        var sum = new Dictionary<string, LowRankFactors>();
        foreach (string path in first.Keys.Union(second.Keys))
        {
            (LowRankFactors Factors, float Weight)[] parts =
                [.. new[]
                {
                    (first.GetValueOrDefault(path), firstWeight), (second.GetValueOrDefault(path), secondWeight)
                }.Where(part => part.Item1 is not null)!];
            int rank = parts.Sum(part => part.Factors.Rank);
            int outputs = parts[0].Factors.B.Length / parts[0].Factors.Rank;
            var b = new List<float>();
            for (int output = 0; output < outputs; output++)
            {
                foreach ((LowRankFactors own, float weight) in parts)
                    b.AddRange(own.B.Slice(output * own.Rank, own.Rank).ToArray().Select(value => value * own.Scale * weight));
            }

            sum.Add(path, new LowRankFactors(parts.SelectMany(part => part.Factors.A.ToArray()).ToArray(), b.ToArray(), rank, 1));
        }

        return sum;
    }

    private sealed class AdapterFactAttribute : FactAttribute
    {
        public AdapterFactAttribute() => Skip = GoldenRoots.Missing(Path.Combine(GoldenRoots.Shared, "adapters"));
    }

    private static Dictionary<string, LowRankFactors> Read(Model model, string folder, float scale)
    {
        using var file = new GoldenTensors(Path.Combine(folder, "adapter_model.safetensors"));
        var factors = new Dictionary<string, LowRankFactors>();
        foreach (ModelParameter parameter in
            model.Parameters.Where(p => model.LinearPaths.Contains(p.Path) && p.Ending == ".weight"))
        {
            string module = Prefix + parameter.Place.Name[..^".weight".Length];
            if (!file.Has(module + ".lora_A.weight"))
                continue;
            factors.Add(parameter.Path,
                new LowRankFactors(file.Floats(module + ".lora_A.weight"), file.Floats(module + ".lora_B.weight"),
                    (int)file.Shape(module + ".lora_A.weight")[0], scale));
        }

        Assert.Equal(file.Names.Count(), 2 * factors.Count);
        return factors;
    }
}
