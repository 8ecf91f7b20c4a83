using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>What sparse attention is told of a sequence is honoured or refused by name, with both numbers.</summary>
public sealed class SparsePatternTests : IDisposable
{
    private const string Shape = """
        "vocab_size": 50, "hidden_size": 16, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 24,
        "max_position_embeddings": 40, "type_vocab_size": 1
        """;

    private readonly IDifferentiableOps _ops = CpuOps.Create(1);

    public void Dispose() => _ops.Dispose();

    [Fact]
    public void Global_tokens_are_positions_of_the_sequence()
    {
        var builder = new RaggedBatchBuilder();
        Assert.Contains("Position 3 is to be global; the sequence has the positions 0 to 2",
            Assert.Throws<ArgumentException>(() => builder.AddEncoder([1, 2, 3], pattern: new() { Globals = [0, 3] })).Message);
        Assert.Throws<ArgumentException>(() => builder.AddEncoder([1, 2, 3], pattern: new() { Globals = [-1] }));
        Assert.Contains("twice", Assert.Throws<ArgumentException>(
            () => builder.AddEncoder([1, 2, 3], pattern: new() { Globals = [1, 1] })).Message);
        Assert.Equal(0, builder.Rows);
        RaggedBatch batch = builder.AddEncoder([1, 2, 3], pattern: new() { Globals = [2, 0] }).AddEncoder([1]).Build();
        Assert.Equal([0, 2], batch.Segments[0].Pattern.Globals);
        Assert.Empty(batch.Segments[1].Pattern.Globals);
    }

    [Theory]
    [InlineData("BertForMaskedLM")]
    [InlineData("BigBirdForMaskedLM")]
    public void Global_tokens_need_layers_that_have_them(string name)
    {
        using Model model = Make(name);
        RaggedBatch batch = new RaggedBatchBuilder().AddEncoder([1, 2, 3], pattern: new() { Globals = [0] }).Build();
        var failure = Assert.Throws<ArgumentException>(() => model.Forward(_ops, batch));
        Assert.Contains("1 global tokens", failure.Message);
        Assert.Contains("3 rows", failure.Message);
    }

    [Fact]
    public void A_plan_of_blocks_fits_the_model_and_the_sequence()
    {
        using Model big = Make("BigBirdForMaskedLM", """, "block_size": 4, "num_random_blocks": 1""");
        using Model full = Make("BigBirdForMaskedLM", """, "attention_type": "original_full" """);
        int[][][] layer = [[[0], [2]], [[1], [0]]]; // 2 heads, 4 blocks
        var plan = new SparsePattern { Blocks = new BlockPlan([layer, layer]) };
        Forward(big, plan, 16);
        Assert.Contains("4 blocks of 4 rows; the sequence has 17 rows and needs 5",
            Assert.Throws<ArgumentException>(() => Forward(big, plan, 17)).Message);
        Assert.Contains("1 layers of 2 heads; layer 1 with 2 heads", Assert.Throws<ArgumentException>(
            () => Forward(big, new() { Blocks = new BlockPlan([layer]) }, 16)).Message);
        Assert.Throws<ArgumentException>(
            () => Forward(big, new() { Blocks = new BlockPlan([[layer[0]], [layer[0]]]) }, 16));
        Assert.Contains("plan of 4 blocks", Assert.Throws<ArgumentException>(() => Forward(full, plan, 16)).Message);
        Assert.Throws<ArgumentException>(() => new BlockPlan([]));
        Assert.Contains("block 4; the plan has the blocks 0 to 3",
            Assert.Throws<ArgumentException>(() => new BlockPlan([[[[0], [4]]]])).Message);
        Assert.Throws<ArgumentException>(() => new BlockPlan([[[[0], [1]], [[0]]]]));
    }

    /// <summary>The rule of the original: neither the ends nor the neighbours, each once.</summary>
    [Fact]
    public void Drawn_blocks_are_those_that_would_not_be_seen()
    {
        var spec = new MixerSpec.BlockSparse(2, 8, 1, 4, 3) { Layer = 1 };
        var seen = new HashSet<string>();
        for (int head = 0; head < 2; head++)
        {
            for (int block = 1; block < 19; block++)
            {
                int[] drawn = BlockSparseRows.Draw(spec, 20, head, block);
                Assert.Equal(3, drawn.Distinct().Count());
                Assert.All(drawn, other => Assert.True(other is > 0 and < 19 && Math.Abs(other - block) > 1));
                Assert.Equal(drawn, BlockSparseRows.Draw(spec, 20, head, block));
                seen.Add($"{block}: {string.Join(' ', drawn)}");
            }
        }

        Assert.True(seen.Count > 30, "Heads draw the same blocks.");
        Assert.NotEqual(BlockSparseRows.Draw(spec, 20, 0, 9), BlockSparseRows.Draw(spec with { Layer = 0 }, 20, 0, 9));
        Assert.Equal([3], BlockSparseRows.Draw(spec, 5, 0, 1)); // there are no more
        Assert.Empty(BlockSparseRows.Draw(spec, 5, 0, 2));
    }

    [Fact]
    public void A_sequence_beyond_the_length_of_the_projections_is_refused()
    {
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes("""
            {"model_type": "linformer", "num_tokens": 50, "dim": 16, "heads": 2, "depth": 1, "seq_len": 12, "k": 3}
            """), new RandomSource(1));
        Forward(model, null, 12);
        var failure = Assert.Throws<ContextLengthException>(() => Forward(model, null, 13));
        Assert.Contains("12", failure.Message);
        Assert.Contains("13", failure.Message);
    }

    [Fact]
    public void Shapes_that_no_layer_can_have_are_refused()
    {
        foreach (MixerSpec mixer in (MixerSpec[])[
            new MixerSpec.LocalGlobal(2, 8, 1, 5), new MixerSpec.LocalGlobal(2, 8, 1, 4) { Dilations = [1] },
            new MixerSpec.LocalGlobal(2, 8, 1, 4) { Dilations = [1, 0] }, new MixerSpec.BlockSparse(2, 8, 1, 0, 1)])
        {
            var stack = new StackSpec(9, 16, Visibility.Full,
                [new(Placement.Post, new(NormKind.Layer, 1e-6f, false), mixer, null)]);
            var spec = new ModelSpec("x", ModelTask.MaskedLanguageModel, stack, null, new HeadSpec(9), 40);
            var names = new NameTable { { "embed", "e" }, { "encoder.layers.*.norm1", "n" } };
            Assert.Throws<NotSupportedException>(() => Model.Build(spec, names, new ModelConfig(), new RandomSource(1)));
            StackSpec causal = stack with { Visibility = Visibility.Causal };
            Assert.Throws<NotSupportedException>(() => Model.Build(
                spec with { Encoder = null, Decoder = causal }, names, new ModelConfig(), new RandomSource(1)));
        }
    }

    private void Forward(Model model, SparsePattern? pattern, int rows) =>
        model.Forward(_ops, new RaggedBatchBuilder().AddEncoder(new int[rows], pattern: pattern).Build()).Dispose();

    private static Model Make(string name, string more = "") => Model.Create("config.json",
        Encoding.UTF8.GetBytes($$"""{"architectures": ["{{name}}"], {{Shape}}{{more}}}"""), new RandomSource(1));
}
