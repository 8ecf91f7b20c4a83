namespace Seriatim.Conformance.Tests;

/// <summary>Patterns that see everything are full attention, and what they are told of a sequence counts.</summary>
public sealed class SparseEqualityTests
{
    private const int Rows = 70;
    private const int Width = 36;
    private static readonly NormSpec Norm = new(NormKind.Layer, 1e-6f, Bias: true);
    private static readonly IOps Ops = OpsUnderTest.Get("cpu-512");

    [Theory]
    [InlineData(2 * Rows)]
    [InlineData(2 * Rows - 2)]
    [InlineData(1000)]
    [InlineData(2 * Rows, 2, 5)]
    public void AWindowOverTheWholeSequenceIsFullAttention(int window, params int[] globals)
    {
        var full = new MixerSpec.Attention(3, 3, 12, 0.3f) { InputBias = true, OutputBias = true };
        using Model expected = Make(full), actual = Make(new MixerSpec.LocalGlobal(3, 12, 0.3f, window));
        float[][] wanted = Hidden(expected, null), got = Hidden(actual, null);
        Close.Check("window", Flat(wanted), Flat(got), 2e-5);
        if (globals.Length == 0)
            return;

        // A global token looks with projections of its own, so the others see the same and it does not.
        float[][] other = Hidden(actual, new SparsePattern { Globals = globals });
        for (int row = 0; row < Rows; row++)
            Assert.Equal(globals.Contains(row), Distance(wanted[row], other[row]) > 1e-3);
    }

    /// <summary>Who is changed by one row is who sees it.</summary>
    [Fact]
    public void AWindowEndsWhereItEnds()
    {
        using Model near = Make(new MixerSpec.LocalGlobal(3, 12, 0.3f, 4)), far = Make(
            new MixerSpec.LocalGlobal(3, 12, 0.3f, 4) { Dilations = [7, 7, 7] });
        foreach ((Model model, int reach, int step) in ((Model, int, int)[])[(near, 2, 1), (far, 14, 7)])
        {
            int[] text = TinyModels.Tokens(3, Rows);
            float[][] before = Hidden(model, null, text);
            text[30] = (text[30] + 1) % TinyModels.Vocabulary;
            float[][] after = Hidden(model, null, text);
            for (int row = 0; row < Rows; row++)
            {
                bool sees = Math.Abs(row - 30) <= reach && (row - 30) % step == 0;
                Assert.Equal(sees, Distance(before[row], after[row]) > 0);
            }
        }
    }

    [Fact]
    public void AllBlocksListedAreFullAttention()
    {
        using Model full = TinyEncoders.Make(
            "big_bird", change: json => json.Replace("\"block_size\"", "\"attention_type\": \"original_full\", \"block_size\""))!;
        using Model sparse = TinyEncoders.Make("big_bird")!;
        const int Blocks = 15; // one more than 70 rows need: the last one is empty
        int[][] others = [.. Enumerable.Range(1, Blocks - 2).Select(block => Enumerable.Range(1, Blocks - 2)
            .Where(other => Math.Abs(other - block) > 1).ToArray())];
        int[][][] layer = [others, others, others];
        float[][] wanted = Hidden(full, null);
        Close.Check("all blocks", Flat(wanted), Flat(Hidden(sparse, new() { Blocks = new BlockPlan([layer, layer]) })), 2e-5);
        Assert.True(Distance(Flat(wanted), Flat(Hidden(sparse, null))) > 1e-3, "Drawn blocks see less.");

        // Up to (5 + 2 R) blocks all pairs are seen, as in the original.
        int[] atLimit = TinyModels.Tokens(3, 45), above = TinyModels.Tokens(3, 46);
        Close.Check("short", Flat(Hidden(full, null, atLimit)), Flat(Hidden(sparse, null, atLimit)), 2e-5);
        Assert.True(Distance(Flat(Hidden(full, null, above)), Flat(Hidden(sparse, null, above))) > 1e-3);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(37)]
    public void ShortSequencesAreServed(int rows)
    {
        foreach (string name in (string[])["longformer", "longformer-dilated", "big_bird", "linformer", "linformer-onekv"])
        {
            using Model model = TinyEncoders.Make(name)!;
            Assert.All(Flat(Hidden(model, null, TinyModels.Tokens(4, rows))), value => Assert.True(float.IsFinite(value), name));
        }
    }

    private static Model Make(MixerSpec mixer)
    {
        var layer = new LayerSpec(Placement.Post, Norm, mixer, null);
        var stack = new StackSpec(TinyModels.Vocabulary, Width, Visibility.Full, [layer])
        {
            Position = new PositionSpec.Learned(80, 0),
        };
        var names = new NameTable { { "embed", "embed" }, { "encoder.positions", "positions" }, { "head", "head" } };
        foreach (string part in (string[])["norm1", "attention.q", "attention.k", "attention.v", "attention.o",
            "attention.global_q", "attention.global_k", "attention.global_v"])
            names.Add($"encoder.layers.*.{part}", $"layers.*.{part}");
        var spec = new ModelSpec("sparse", ModelTask.MaskedLanguageModel, stack, null, new HeadSpec(TinyModels.Vocabulary), 80);
        return Model.Build(spec, names, new ModelConfig(), new RandomSource(7));
    }

    private static float[][] Hidden(Model model, SparsePattern? pattern, int[]? text = null)
    {
        using Tensor rows = model.Encode(
            Ops, new RaggedBatchBuilder().AddEncoder(text ?? TinyModels.Tokens(3, Rows), pattern: pattern).Build());
        return Session.Rows(rows);
    }

    private static float[] Flat(float[][] rows) => [.. rows.SelectMany(row => row)];

    private static double Distance(float[] a, float[] b) => a.Zip(b).Max(pair => Math.Abs(pair.First - pair.Second));
}
