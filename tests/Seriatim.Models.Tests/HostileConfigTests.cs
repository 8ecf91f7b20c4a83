using System.Text;

namespace Seriatim.Models.Tests;

/// <summary>Numbers of a config that nothing bounds are refused, with the bound, before memory is taken for them.</summary>
public sealed class HostileConfigTests
{
    private const string Bert = """
        {"architectures": ["BertForSequenceClassification"], "vocab_size": 17, "hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1,
        "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2, "num_labels": NUMBER}
        """;

    private const string T5 = """
        {"architectures": ["T5ForConditionalGeneration"], "vocab_size": 17, "d_model": 8, "d_kv": 4, "num_heads": 2, "d_ff": 12, "num_layers": 1,
        "is_encoder_decoder": true, "decoder_start_token_id": 0, "relative_attention_num_buckets": BUCKETS, "relative_attention_max_distance": DISTANCE}
        """;

    [Theory]
    [InlineData("268435456")]
    [InlineData("1048577")]
    public void Labels(string number) => Refused(Bert.Replace("NUMBER", number), "num_labels", number, "1048576");

    [Theory]
    [InlineData("32", "268435456", "relative_attention_max_distance is 268435456", "65536")]
    [InlineData("32", "65537", "relative_attention_max_distance is 65537", "65536")]
    [InlineData("32", "16", "relative_attention_max_distance is 16", "more than 16")]
    [InlineData("1", "128", "relative_attention_num_buckets is 1", "at least 4")]
    [InlineData("3", "128", "relative_attention_num_buckets is 3", "at least 4")]
    public void RelativePositions(string buckets, string distance, params string[] parts) =>
        Refused(T5.Replace("BUCKETS", buckets).Replace("DISTANCE", distance), parts);

    [Theory]
    [InlineData("4", "65536")]
    [InlineData("5", "3")]
    [InlineData("32", "17")]
    public void WhatIsLeastAndMostIsComputed(string buckets, string distance)
    {
        using Model model = Create(T5.Replace("BUCKETS", buckets).Replace("DISTANCE", distance));
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Tensor encoded = model.Encode(ops, new RaggedBatchBuilder().AddEncoder([.. Enumerable.Repeat(1, 60)]).Build());
        Assert.All(encoded.Span.ToArray(), value => Assert.True(float.IsFinite(value)));
        using Model few = Create(Bert.Replace("NUMBER", "3"));
        Assert.Equal(3, few.Spec.Head.Outputs);
    }

    private static void Refused(string config, params string[] parts)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        string message = Assert.Throws<UnsupportedConfigException>(() => Create(config).Dispose()).Message;
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        foreach (string part in parts)
            Assert.Contains(part, message);
    }

    private static Model Create(string config) => Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(3));
}
