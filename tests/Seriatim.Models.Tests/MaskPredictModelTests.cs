using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>
/// Models that fill in whole targets: what configs say, lengths and their classes, sinusoids, where weights may come from.
/// </summary>
public sealed class MaskPredictModelTests
{
    private const string Shape = """
        "vocab_size": 40, "encoder_embed_dim": 16, "encoder_ffn_embed_dim": 20, "encoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_embed_dim": 16, "decoder_ffn_embed_dim": 20, "decoder_layers": 1, "decoder_attention_heads": 2,
        "max_source_positions": 12, "max_target_positions": 20, "share_all_embeddings": true
        """;

    private const string Fairseq = $$"""{"architectures": ["cmlm_transformer"], {{Shape}}, "MORE": null}""";
    private const string Paper = $$"""{"architectures": ["bert_transformer_seq2seq"], {{Shape}}, "MORE": null}""";

    [Fact]
    public void The_ids_are_the_codes_own_unless_the_config_names_others()
    {
        using Model fairseq = Create(Fairseq), paper = Create(Paper);
        using Model named = Create(Fairseq.Replace("\"MORE\": null",
            "\"bos_token_id\": 30, \"pad_token_id\": 0, \"eos_token_id\": 1, "
                + "\"mask_token_id\": 31, \"is_encoder_decoder\": true"));
        Assert.Equal((3, new TargetFrame(0, 2)), (fairseq.Spec.MaskPredict!.MaskId, fairseq.Spec.MaskPredict.Frame));
        Assert.Equal((31, new TargetFrame(30, 1)), (named.Spec.MaskPredict!.MaskId, named.Spec.MaskPredict.Frame));
        Assert.Equal((4, null), (paper.Spec.MaskPredict!.MaskId, paper.Spec.MaskPredict.Frame));
        Assert.Equal((1, 0), (fairseq.Spec.Encoder!.FrozenId, named.Spec.Encoder!.FrozenId));
        Assert.Equal(2, ((PositionSpec.Learned)paper.Spec.Encoder!.Position).Offset);
        Assert.Equal((4, 1), (fairseq.Spec.Encoder.EmbeddingScale, paper.Spec.Encoder.EmbeddingScale));
        Assert.Equal(ModelTask.MaskedTranslation, paper.Spec.Task);
    }

    [Theory]
    [InlineData(Fairseq, "\"sg_length_pred\": true", "sg_length_pred")]
    [InlineData(Fairseq, "\"src_embedding_copy\": true", "src_embedding_copy")]
    [InlineData(Fairseq, "\"adaptive_input\": true", "adaptive_input")]
    [InlineData(Paper, "\"share_decoder_input_output_embed\": false", "share_decoder_input_output_embed")]
    [InlineData(Paper, "\"is_encoder_decoder\": false", "is_encoder_decoder")]
    [InlineData(Paper, "\"length_loss_factor\": 0.1", "length_loss_factor")]
    [InlineData(Fairseq, "\"no_such_key\": 1", "no_such_key")]
    public void What_is_not_built_is_refused_by_its_name(string config, string more, string message) =>
        Assert.Contains(message, Assert.Throws<UnsupportedConfigException>(() =>
            Create(config.Replace("\"MORE\": null", more))).Message);

    [Fact]
    public void Widths_that_differ_are_refused() =>
        Assert.Contains("decoder_embed_dim", Assert.Throws<UnsupportedConfigException>(() =>
            Create(Fairseq.Replace("\"decoder_embed_dim\": 16", "\"decoder_embed_dim\": 8"))).Message);

    /// <summary>
    /// fairseq, sinusoidal_positional_embedding.py: the last wave is 10000, and positions begin after the pad's.
    /// </summary>
    [Fact]
    public void The_sinusoids_of_fairseq_end_with_the_longest_wave()
    {
        using Model model = Create(Fairseq);
        Assert.Equal(new PositionSpec.Sinusoidal(12) { Offset = 2, EndsWithLongest = true }, model.Spec.Encoder!.Position);
        float[] row = new float[16];
        SinusoidalTable.Fill(5, row, endsWithLongest: true);
        for (int i = 0; i < 8; i++)
        {
            double angle = 5 * Math.Exp(-i * Math.Log(10000) / 7);
            Assert.Equal(Math.Sin(angle), row[i], 1e-6);
            Assert.Equal(Math.Cos(angle), row[8 + i], 1e-6);
        }
    }

    [Fact]
    public void Each_side_has_its_own_limit()
    {
        using Model model = Create(Paper);
        IOps ops = CpuOps.Create(1);
        int[] twelve = [.. Enumerable.Repeat(7, 12)];
        RaggedBatch source = new RaggedBatchBuilder().AddEncoder(twelve).Build();
        using Tensor encoded = model.Encode(ops, source);
        Assert.Equal(13, encoded.Rows); // the row that the length is read from comes last
        using (model.Forward(ops,
            new RaggedBatchBuilder().AddTarget([.. twelve, .. twelve.AsSpan(0, 8)], new EncoderRows(0, 12)).Build(), encoded))
        {
        }

        var failure = Assert.Throws<ContextLengthException>(() =>
            model.Encode(ops, new RaggedBatchBuilder().AddEncoder([.. twelve, 7]).Build()));
        Assert.Contains("12", failure.Message);
        Assert.Throws<ContextLengthException>(() => model.Forward(ops, new RaggedBatchBuilder()
            .AddTarget([.. twelve, .. twelve.AsSpan(0, 9)], new EncoderRows(0, 12)).Build(), encoded));
        Assert.Contains("AddTarget", Assert.Throws<ArgumentException>(() =>
            model.Forward(ops, new RaggedBatchBuilder().Add(twelve, encoder: new EncoderRows(0, 12)).Build(), encoded)).Message);
        Assert.Throws<InvalidOperationException>(() => model.NewMemoryPools(16, 4));
    }

    [Fact]
    public void Lengths_and_classes_are_each_others_inverse()
    {
        var plain = new LengthSpec(LengthSource.Mean, 256, 128);
        var offset = plain with { IsOffset = true };
        Assert.Equal((7, 7), (plain.LengthOf(7, 20), plain.ClassOf(7, 20)));
        Assert.Equal((25, 133), (offset.LengthOf(133, 20), offset.ClassOf(25, 20)));
        Assert.Equal((2, 128), (plain.LengthOf(0, 20), plain.LengthOf(255, 20)));
        Assert.Equal((255, 0), (plain.ClassOf(900, 20), offset.ClassOf(1, 900)));
        Assert.Equal([0, 5, 6, 2], new TargetFrame(0, 2).Around([5, 6]));
        Assert.Equal([0, 5, 2], new TargetFrame(0, 2).Around([0, 5, 2]));
        Assert.Equal([0, 2], new TargetFrame(0, 2).Around([]));
        Assert.Equal([2, 2], new TargetFrame(2, 2).Around([2]));
    }

    /// <summary>The mean of rows, and its gradient, whatever rows other sources have beside.</summary>
    [Fact]
    public void The_length_of_a_source_does_not_depend_on_its_neighbours()
    {
        foreach (string config in (string[])[Fairseq, Paper])
        {
            using Model model = Create(config);
            IOps ops = CpuOps.Create(2);
            int[][] sources = [[5, 6, 7], [8], [9, 10, 11, 12, 13, 14, 15, 16, 17]];
            var all = new RaggedBatchBuilder();
            foreach (int[] source in sources)
                all.AddEncoder(source);
            float[][] together = Logits(model, ops, all.Build());
            for (int i = 0; i < sources.Length; i++)
                Assert.Equal(Logits(model, ops, new RaggedBatchBuilder().AddEncoder(sources[i]).Build())[0], together[i]);
        }

        static float[][] Logits(Model model, IOps ops, RaggedBatch source)
        {
            using Tensor encoded = model.Encode(ops, source);
            using Tensor logits = model.LengthLogits(ops, source, encoded);
            return [.. logits.ToArray().Chunk(logits.Columns)];
        }
    }

    private static Model Create(string config) => Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(3));
}
