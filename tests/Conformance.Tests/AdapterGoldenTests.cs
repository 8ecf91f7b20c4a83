namespace Seriatim.Conformance.Tests;

/// <summary>
/// Logits of a model with low-rank adapters as huggingface/peft gives them: each adapter, sums of both, and none, side by side in
/// one batch.
/// </summary>
public sealed class AdapterGoldenTests
{
    [AdapterTheory]
    [InlineData("lora-llama", "llama-gqa-tied", 0.7f, 0.4f)]
    [InlineData("lora-gpt2", "gpt2", 1.2f, -0.5f)]
    public void AdaptersOfPeftGiveTheirLogits(string name, string family, float first, float second)
    {
        using Model model = Model.Load(Path.Combine(GoldenRoots.Shared, "golden", family));
        Dictionary<string, LowRankFactors> a = Read(model, Path.Combine(Folder(name), "adapter_a")),
            b = Read(model, Path.Combine(Folder(name), "adapter_b"));
        model.AddAdapter("a", a);
        model.AddAdapter("b", b);
        model.AddAdapter("both", Sum(a, 1, b, 1));
        model.AddAdapter("weighted", Sum(a, first, b, second));
        using var expected = new GoldenTensors(Path.Combine(Folder(name), "expected.safetensors"));
        Check(model, expected, (null, "logits_base"), ("a", "logits_a"), ("b", "logits_b"), ("both", "logits_a_plus_b"),
            ("weighted", "logits_weighted"));
    }

    /// <summary>Modules by a regular expression, of one layer, and rank-stabilised beside biases.</summary>
    [AdapterTheory]
    [InlineData("lora-llama-patterns", "llama-mha", "c", "d")]
    [InlineData("lora-qwen2-dora", "qwen2", "b")]
    public void SoDoOnesOfSomeModules(string name, string family, params string[] adapters)
    {
        using Model model = Model.Load(Path.Combine(GoldenRoots.Shared, "golden", family));
        foreach (string adapter in adapters)
            model.AddAdapter(adapter, PeftAdapter.Read(model, Path.Combine(Folder(name), $"adapter_{adapter}")));
        using var expected = new GoldenTensors(Path.Combine(Folder(name), "expected.safetensors"));
        Check(model, expected,
            [(null, "logits_base"), .. adapters.Select(adapter => ((string?)adapter, $"logits_{adapter}"))]);
    }

    /// <summary>Every tensor of the files of encoders is for a weight of them, also of the heads.</summary>
    [AdapterTheory]
    [InlineData("lora-bert", "bert-mlm", "a", 22)]
    [InlineData("lora-t5", "t5-v1_1", "a", 52)]
    [InlineData("lora-t5", "t5-v1_1", "b", 44)]
    public void OnesOfOtherFamiliesAreReadWhole(string name, string family, string adapter, int tensors)
    {
        using Model model = Model.Load(Path.Combine(GoldenRoots.Shared, "golden", family));
        IReadOnlyDictionary<string, LowRankFactors> read =
            PeftAdapter.Read(model, Path.Combine(Folder(name), $"adapter_{adapter}"));
        Assert.Equal(tensors, 2 * read.Count);
        model.AddAdapter("x", read);
    }

    [AdapterTheory]
    [InlineData("lora-llama-patterns/adapter_a", "llama-mha", "modules_to_save is")]
    [InlineData("lora-llama-patterns/adapter_b", "llama-mha", "embed_tokens.lora_embedding_A")]
    [InlineData("lora-qwen2-dora/adapter_a", "qwen2", "use_dora is true")]
    [InlineData("lora-bert/adapter_b", "bert-mlm", "lora_bias is true")]
    [InlineData("lora-gpt2/adapter_a", "llama-mha", "has no linear weight that it would be for")]
    [InlineData("lora-llama/adapter_a", "llama-mha", "is needed. The adapter is of another model")]
    public void WhatIsNotDoneIsRefusedByName(string adapter, string family, string why)
    {
        using Model model = Model.Load(Path.Combine(GoldenRoots.Shared, "golden", family));
        Assert.Contains(why, Assert.Throws<ModelFormatException>(() => PeftAdapter.Read(model, Folder(adapter))).Message);
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

    private sealed class AdapterTheoryAttribute : TheoryAttribute
    {
        public AdapterTheoryAttribute() => Skip = GoldenRoots.Missing(Path.Combine(GoldenRoots.Shared, "adapters"));
    }

    private static Dictionary<string, LowRankFactors> Read(Model model, string folder) => new(PeftAdapter.Read(model, folder));

    private static string Folder(string name) => Path.Combine(GoldenRoots.Shared, "adapters", name);

    private static void Check(Model model, GoldenTensors expected, params IReadOnlyList<(string? Adapter, string Name)> kinds)
    {
        int[][] ids = expected.Ids("input_ids");
        foreach (string name in OpsUnderTest.Names.Where(name => OpsUnderTest.DeviceOf(name) == Device.Cpu))
        {
            IOps ops = OpsUnderTest.Get(name);
            var builder = new RaggedBatchBuilder();
            foreach (int[] row in ids)
            {
                foreach ((string? adapter, _) in kinds)
                    builder.Add(row, terms: new SequenceTerms { Adapter = adapter }, outputs: Outputs.All);
            }

            using Tensor hidden = model.Forward(ops, builder.Build());
            using Tensor logits = model.Project(ops, hidden);
            float[][] rows = Session.Rows(logits);
            for (int i = 0; i < ids.Length * kinds.Count; i++)
            {
                (int sequence, int kind) = int.DivRem(i, kinds.Count);
                int length = ids[sequence].Length;
                float[] own = [.. rows.Skip(i * length).Take(length).SelectMany(row => row)];
                float[] golden = expected.Floats(kinds[kind].Name)[(sequence * own.Length)..((sequence + 1) * own.Length)];
                Close.Check($"{name} {kinds[kind].Name} of sequence {sequence}", golden, own, 2e-4);
            }
        }
    }
}
