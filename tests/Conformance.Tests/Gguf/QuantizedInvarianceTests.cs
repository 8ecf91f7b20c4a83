using System.Diagnostics;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// With quantised weights, too, the value of a row depends on its sequence alone: not on the batch, the chunks, the threads, the
/// width of the vectors, or the instructions that multiply bytes.
/// </summary>
public sealed class QuantizedInvarianceTests
{
    private const int Length = 41;
    private const string Wide = "\"hidden_size\": 256, \"intermediate_size\": 512";

    /// <summary>Rows that are whole blocks.</summary>
    private static readonly (string From, string To)[] Wider =
    [
        ("\"hidden_size\": 40, \"intermediate_size\": 56", Wide), ("\"n_embd\": 36", "\"n_embd\": 384"),
        ("\"hidden_size\": 40, \"num_hidden", "\"hidden_size\": 256, \"num_hidden"),
        ("\"intermediate_size\": 52", "\"expand\": 1"),
        ("\"hidden_size\": 36, \"intermediate_size\": 40", "\"hidden_size\": 768, \"intermediate_size\": 512"),
    ];

    private static readonly int[] Text = TinyModels.Tokens(1, Length);

    public static IEnumerable<object[]> Mixes => from name in (string[])["llama", "qwen2", "mixtral", "gpt2"]
                                                 from mix in (string[])["q8_0", "q4_0", "q4_k_m", "q6_k", "mxfp4"]
                                                 select new object[] { name, mix };

    public static IEnumerable<object[]> StateSpaces => [["mamba", "q8_0"], ["jamba", "q4_k_m"]];

    [Theory]
    [MemberData(nameof(Mixes))]
    [MemberData(nameof(StateSpaces))]
    public void BatchesChunksThreadsAndWidthsDoNotMatter(string name, string mix)
    {
        using Model model = Make(name, mix);
        Assert.NotEmpty(model.Matrices);
        float[][] expected = Whole(model, "cpu-512");
        foreach (string ops in (string[])["cpu-512-1", "cpu-256", "cpu-128"])
            Bits.Equal(expected, Whole(model, ops), $"{name} {mix}, {ops}");
        for (int seed = 0; seed < 4; seed++)
        {
            // Seed 0: one row a step; else random chunks, beside another sequence.
            var random = new Random(seed);
            using var session = new Session(model, OpsUnderTest.Get("cpu-512"), 16, Length);
            using Session other = session.Sibling();
            List<float[]> made = [];
            while (made.Count < Length)
            {
                int next = Math.Min(Length, made.Count + (seed == 0 ? 1 : random.Next(1, 14)));
                var builder = new RaggedBatchBuilder();
                if (seed > 1)
                    other.AddTo(builder, TinyModels.Tokens(random.Next(), random.Next(1, 3)));
                int first = builder.Rows;
                int[] tokens = Text[made.Count..next];
                session.AddTo(builder, tokens);
                RaggedBatch batch = builder.Build();
                float[][] logits = session.Logits(batch);
                batch.Commit();
                made.AddRange(logits[first..(first + tokens.Length)]);
            }

            Bits.Equal(expected, [.. made], $"{name} {mix}, seed {seed}");
        }
    }

    /// <summary>The same bits in processes whose runtime is told not to use AVX-VNNI, AVX-512 or AVX2.</summary>
    [Fact]
    public async Task InstructionsSwitchedOffByTheEnvironmentDoNotMatter()
    {
        string expected = Hash();
        foreach (string[] off in (string[][])[["EnableAVXVNNI"], ["EnableAVX512F", "EnableAVX512"],
            ["EnableAVXVNNI", "EnableAVX512F", "EnableAVX512"], ["EnableAVX2"], ["EnableHWIntrinsic"]])
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])["test", typeof(QuantizedInvarianceTests).Assembly.Location, "--filter",
                $"FullyQualifiedName~{nameof(QuantizedHash)}", "--logger", "console;verbosity=detailed"])
            {
                start.ArgumentList.Add(argument);
            }
            foreach (string name in off)
                start.Environment["DOTNET_" + name] = "0";
            start.Environment[QuantizedHash.Variable] = expected;
            using Process process = Process.Start(start)!;
            Task<string> error = process.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0 && output.Contains("Passed", StringComparison.Ordinal),
                $"{string.Join(", ", off)}: {output}{await error}");
        }
    }

    /// <summary>The logits of a few quantised models, hashed.</summary>
    internal static string Hash()
    {
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(
            System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (string mix in (string[])["q8_0", "q4_k_m", "q5_1"])
        {
            using Model model = Make("llama", mix);
            using IDifferentiableOps ops = CpuOps.Create(2);
            foreach (float[] row in Whole(model, ops))
                hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(row.AsSpan()));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static Model Make(string name, string mix) => TinyModels.Make(
        name, json => Wider.Aggregate(json, (text, pair) => text.Replace(pair.From, pair.To)),
        new RandomBlockSource(QuantizationMix.Parse(mix), 2, tied: true, seed: 5));

    private static float[][] Whole(Model model, string ops) => Whole(model, OpsUnderTest.Get(ops));

    private static float[][] Whole(Model model, IOps ops)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(Text, terms: new SequenceTerms { DeclaredLength = Length },
            outputs: Outputs.All).Build();
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        return Session.Rows(logits);
    }
}

/// <summary>Run by <see cref="QuantizedInvarianceTests"/> in other processes, which give it the hash to compare with.</summary>
public sealed class QuantizedHash
{
    internal const string Variable = "SERIATIM_QUANTIZED_HASH";

    [Fact]
    public void IsThatOfTheOtherProcess()
    {
        string own = QuantizedInvarianceTests.Hash();
        if (Environment.GetEnvironmentVariable(Variable) is { } expected)
            Assert.Equal(expected, own);
        else
            Assert.Equal(own, QuantizedInvarianceTests.Hash());
    }
}
