namespace Seriatim.Conformance.Tests;

/// <summary>
/// Sequences with other adapters, and with none, share batches, and each has the bits it has alone; without an adapter these are
/// the bits of a model that never had one. For every architecture, dense and in blocks.
/// </summary>
public sealed class AdapterInvarianceTests
{
    private const int Length = 40;
    private static readonly string?[] Kinds = [null, "a", "b"];

    public static IEnumerable<object[]> Models =>
        from name in TinyModels.Names
        where !Translates(name)
        from ops in (string[])["reference", "cpu-512", "late"]
        where !TinyFamilies.IsBrief(name) || ops == "cpu-512"
        select new object[] { name, ops };

    public static IEnumerable<object[]> Translators =>
        from name in TinyModels.Names where Translates(name) select new object[] { name };

    public static IEnumerable<object[]> Mixes =>
        from name in (string[])["llama", "mixtral", "gpt2"]
        from mix in (string[])["q8_0", "q4_k_m"]
        select new object[]
        {
            name, mix
        };

    [Theory]
    [MemberData(nameof(Models))]
    public void AMixedBatchEqualsEachAlone(string name, string opsName)
    {
        IOps ops = OpsUnderTest.Get(opsName);
        using Model never = TinyModels.Make(name, device: ops.Device);
        using Model model = TinyModels.Make(name, device: ops.Device);
        Check(name, never, model, ops);
    }

    [Theory]
    [MemberData(nameof(Mixes))]
    public void AMixedBatchOverBlocksEqualsEachAlone(string name, string mix)
    {
        using Model never = Quantized(name, mix), model = Quantized(name, mix);
        Assert.NotEmpty(model.Matrices);
        Check($"{name} {mix}", never, model, OpsUnderTest.Get("cpu-512"));
    }

    [Theory]
    [MemberData(nameof(Translators))]
    public void TheEncodersRowsHaveTheAdapterOfTheirSequence(string name)
    {
        IOps ops = OpsUnderTest.Get("cpu-512");
        using Model model = TinyModels.Make(name);
        AddAdapters(model);
        int[] text = TinyModels.Tokens(3, 9), target = TinyModels.Tokens(4, 12);
        float[][][] alone = [.. Kinds.Select(kind => Translate(model, ops, text, target, kind)[0])];
        float[][][] together = Translate(model, ops, text, target, Kinds);
        for (int i = 0; i < Kinds.Length; i++)
            Bits.Equal(alone[i], together[i], $"adapter {Kinds[i]}");
        Assert.NotEqual(alone[0][3], alone[1][3]);
        Assert.NotEqual(alone[1][3], alone[2][3]);
    }

    private static bool Translates(string name)
    {
        using Model model = TinyModels.Make(name);
        return model.Spec.Encoder is not null;
    }

    private static float[][][] Translate(Model model, IOps ops, int[] text, int[] target, params string?[] kinds)
    {
        var source = new RaggedBatchBuilder();
        var batch = new RaggedBatchBuilder();
        foreach (string? kind in kinds)
        {
            int first = source.Rows;
            source.AddEncoder(text, adapter: kind);
            batch.Add(target, terms: new SequenceTerms { Adapter = kind }, outputs: Outputs.All,
                encoder: new EncoderRows(first, text.Length));
        }

        using Tensor encoded = model.Encode(ops, source.Build());
        using Tensor hidden = model.Forward(ops, batch.Build(), encoded);
        using Tensor logits = model.Project(ops, hidden);
        return [.. Session.Rows(logits).Chunk(target.Length)];
    }

    private static void Check(string name, Model never, Model model, IOps ops)
    {
        AddAdapters(model);
        float[][] plain = Alone(never, ops, null);
        float[][][] alone = [.. Kinds.Select(kind => Alone(model, ops, kind))];
        Bits.Equal(plain, alone[0], $"{name}, no adapter");
        Assert.All(alone[1..], rows => Assert.NotEqual(plain[^1], rows[^1]));
        Assert.NotEqual(alone[1][^1], alone[2][^1]);
        for (int seed = 0; seed < 3; seed++)
        {
            float[][][] together = Together(model, ops, seed);
            for (int i = 0; i < Kinds.Length; i++)
                Bits.Equal(alone[i], together[i], $"{name}, adapter {Kinds[i]}, seed {seed}");
        }

        // Another pass of the same model goes on without the one that was taken away.
        Assert.True(model.RemoveAdapter("b"));
        Bits.Equal(alone[1], Alone(model, ops, "a"), $"{name}, b taken away");
        Bits.Equal(plain, Alone(model, ops, null), $"{name}, b taken away");
    }

    private static void AddAdapters(Model model)
    {
        model.AddAdapter("a", Adapters.Random(model, 11));
        model.AddAdapter("b", Adapters.Random(model, 12, every: 2));
    }

    private static float[][] Alone(Model model, IOps ops, string? adapter)
    {
        using var session = new Session(model, ops, 16, Terms(adapter));
        return session.Feed(Text(adapter));
    }

    /// <summary>All three, in random chunks.</summary>
    private static float[][][] Together(Model model, IOps ops, int seed)
    {
        var random = new Random(seed);
        using var root = new Session(model, ops, 16, Terms(null));
        Session[] sessions = [.. Kinds.Select(kind => root.Sibling(Terms(kind)))];
        List<float[]>[] made = [[], [], []];
        while (made.Any(rows => rows.Count < Length))
        {
            var builder = new RaggedBatchBuilder();
            var parts = new List<(int Kind, int First, int Rows)>();
            foreach (int kind in Enumerable.Range(0, Kinds.Length).OrderBy(_ => random.Next()))
            {
                int rows = Math.Min(Length - made[kind].Count, seed == 0 ? 1 : random.Next(0, 14));
                if (rows == 0)
                    continue;
                parts.Add((kind, builder.Rows, rows));
                sessions[kind].AddTo(builder, Text(Kinds[kind])[made[kind].Count..(made[kind].Count + rows)]);
            }

            if (parts.Count == 0)
                continue;
            RaggedBatch batch = builder.Build();
            float[][] logits = root.Logits(batch);
            batch.Commit();
            foreach ((int kind, int first, int rows) in parts)
                made[kind].AddRange(logits[first..(first + rows)]);
        }

        foreach (Session session in sessions)
            session.Dispose();
        return [.. made.Select(rows => rows.ToArray())];
    }

    private static SequenceTerms Terms(string? adapter) => new() { DeclaredLength = Length, Adapter = adapter };

    private static int[] Text(string? adapter) => TinyModels.Tokens(adapter is null ? 1 : adapter[0], Length);

    private static Model Quantized(string name, string mix) => TinyModels.Make(
        name,
        json => json.Replace("\"hidden_size\": 40, \"intermediate_size\": 56", "\"hidden_size\": 256, \"intermediate_size\": 512")
            .Replace("\"n_embd\": 36", "\"n_embd\": 384"),
        new RandomBlockSource(QuantizationMix.Parse(mix), 2, tied: true, seed: 5));
}
