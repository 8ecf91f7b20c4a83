namespace Seriatim.Models.Tests;

/// <summary>Adapters come and go while passes run; what does not fit is refused by name.</summary>
public sealed class AdapterTests
{
    private const string Q = "layers.0.attention.q";

    [Fact]
    public void WhatDoesNotFitIsRefusedByName()
    {
        using Model model = TinyLlama.Create();
        Assert.Contains(Q, model.LinearPaths);
        Assert.Contains("head", model.LinearPaths);
        Refused(model, "nowhere", Factors(8, 8), "the model has no linear weight there");
        Refused(model, Q, Factors(8, 8) with { A = new float[9] },
            "A of the adapter x for layers.0.attention.q has 9 values; [2, 8]");
        Refused(model, Q, Factors(8, 8) with { B = new float[3] },
            "B of the adapter x for layers.0.attention.q has 3 values; [8, 2]");
        Refused(model, Q, Factors(8, 8) with { Rank = 0 }, "rank 0");
        Refused(model, Q, Factors(8, 8) with { Scale = float.NaN }, "NaN");
        Assert.Throws<ArgumentException>(() => model.AddAdapter("x", new Dictionary<string, LowRankFactors>()));
        Assert.Throws<ArgumentException>(() => model.AddAdapter("", One(Q, Factors(8, 8))));
        Assert.Empty(model.Adapters);

        model.AddAdapter("x", One(Q, Factors(8, 8)));
        Assert.Equal(["x"], model.Adapters);
        Refused(model, Q, Factors(8, 8), "has an adapter x already");
        Assert.False(model.RemoveAdapter("y"));
        Assert.True(model.RemoveAdapter("x"));
        Assert.False(model.RemoveAdapter("x"));
        Refused(model, Q, Factors(8, 8), "x-2");
        Assert.Empty(model.Adapters);
    }

    [Fact]
    public void AnUnknownNameIsRefusedBeforeAnythingIsComputed()
    {
        using Model model = TinyLlama.Create();
        using IDifferentiableOps ops = CpuOps.Create(1);
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, 2], terms: new SequenceTerms { Adapter = "x" }).Build();
        var error = Assert.Throws<SequenceTermsException>(() => model.Forward(ops, batch));
        Assert.Equal(("Adapter", (object)"x", "the model has none"), (error.Term, error.Value, error.Allowed));
        Assert.Throws<SequenceTermsException>(() => model.LimitsOf(new SequenceTerms { Adapter = "x" }));
        model.AddAdapter("x", One(Q, Factors(8, 8)));
        Assert.Equal("x", model.MemoryVariant(new SequenceTerms { Adapter = "x", DeclaredLength = 9 }).Adapter);
        model.Forward(ops, batch).Dispose();
    }

    [Fact]
    public void ALossOverAnAdapterOfTheHeadIsRefused()
    {
        using Model model = TinyLlama.Create();
        using IDifferentiableOps ops = CpuOps.Create(1);
        model.AddAdapter("head", One("head", Factors(17, 8)));
        model.AddAdapter("q", One(Q, Factors(8, 8)));
        foreach (string name in (string[])["head", "q"])
        {
            RaggedBatch batch = new RaggedBatchBuilder().Add([1, 2, 3], terms: new SequenceTerms { Adapter = name }).Build();
            using Tensor hidden = model.Forward(ops, batch);
            if (name == "q")
                model.Loss(ops, hidden, new[] { 2, 3, 4 }, new CrossEntropyOptions()).Dispose();
            else
                Assert.Throws<NotSupportedException>(() => model.Loss(ops, hidden, new[] { 2, 3, 4 }, new CrossEntropyOptions()));
        }
    }

    /// <summary>Passes with one adapter and with none on two threads, while others come and go.</summary>
    [Fact]
    public async Task AdaptersComeAndGoWhilePassesRun()
    {
        using Model model = TinyLlama.Create();
        using IDifferentiableOps ops = CpuOps.Create(2);
        model.AddAdapter("kept",
            model.LinearPaths.Where(path => path.EndsWith(".q", StringComparison.Ordinal))
                .ToDictionary(path => path, _ => Factors(8, 8)));
        (float[] plain, float[] kept) = (Logits(model, ops, null), Logits(model, ops, "kept"));
        Assert.NotEqual(plain, kept);
        using var over = new CancellationTokenSource();
        Task<int>[] readers = [.. ((string?[])[null, "kept"]).Select(name => Task.Run(() =>
        {
            int passes = 0;
            for (; !over.IsCancellationRequested || passes == 0; passes++)
                Assert.Equal(name is null ? plain : kept, Logits(model, ops, name));
            return passes;
        }))];
        for (int i = 0; i < 100; i++)
        {
            string name = $"guest-{i}";
            model.AddAdapter(name, One(Q, Factors(8, 8, seed: i)));
            Assert.NotEqual(plain, Logits(model, ops, name));
            Assert.True(model.RemoveAdapter(name));
            Assert.Throws<SequenceTermsException>(() => Logits(model, ops, name));
        }

        over.Cancel();
        Assert.All(await Task.WhenAll(readers), passes => Assert.True(passes > 0));
    }

    private static float[] Logits(Model model, IOps ops, string? adapter)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add([1, 2, 3, 4, 5], terms: new SequenceTerms { Adapter = adapter }).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        return logits.ToArray();
    }

    private static void Refused(Model model, string path, LowRankFactors factors, string why)
    {
        string[] before = [.. model.Adapters];
        Assert.Contains(why, Assert.Throws<ArgumentException>(() => model.AddAdapter("x", One(path, factors))).Message);
        Assert.Equal(before, model.Adapters);
    }

    private static Dictionary<string, LowRankFactors> One(string path, LowRankFactors factors) => new() { [path] = factors };

    private static LowRankFactors Factors(int outputs, int inputs, int seed = 1)
    {
        var random = new Random(seed);
        float[] Values(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() + 0.1f)];
        return new LowRankFactors(Values(2 * inputs), Values(outputs * 2), 2, 1);
    }
}
