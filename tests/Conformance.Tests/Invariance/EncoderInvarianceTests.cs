using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>An encoder's rows depend on their own sequence alone, bit for bit.</summary>
public sealed class EncoderInvarianceTests
{
    private const string Bert = """
        {"architectures": ["BertForMaskedLM"], "vocab_size": 61, "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2,
        "intermediate_size": 56, "max_position_embeddings": 80, "type_vocab_size": 2}
        """;

    [Theory]
    [InlineData("bert", "reference")]
    [InlineData("bert", "cpu-512")]
    [InlineData("t5", "reference")]
    [InlineData("t5", "cpu-512")]
    [InlineData("marian", "cpu-512")]
    [InlineData("bert", "late")]
    [InlineData("marian", "late")]
    public void AloneEqualsInAnyBatchOnAnyThreadsAndLanes(string name, string opsName)
    {
        using Model model = name == "bert"
            ? Model.Create(name, Encoding.UTF8.GetBytes(Bert), new RandomSource(7), OpsUnderTest.DeviceOf(opsName))
            : TinyModels.Make(name, device: OpsUnderTest.DeviceOf(opsName));
        int[] text = TinyModels.Tokens(2, 70);
        float[][] expected = Rows(model, opsName, new RaggedBatchBuilder().AddEncoder(text).Build(), 0, text.Length);
        foreach (string other in opsName is "reference" or "late" ? (string[])[opsName] : ["cpu-512", "cpu-512-1", "cpu-256", "cpu-128"])
        {
            for (int seed = 0; seed < 3; seed++)
            {
                int[] before = TinyModels.Tokens(seed, 3 + 17 * seed);
                RaggedBatch batch = new RaggedBatchBuilder().AddEncoder(before).AddEncoder(text).AddEncoder(before[..2]).Build();
                Bits.Equal(expected, Rows(model, other, batch, before.Length, text.Length), $"{name}, {other}, seed {seed}");
            }
        }
    }

    private static float[][] Rows(Model model, string opsName, RaggedBatch batch, int first, int count)
    {
        using Tensor rows = model.Encode(OpsUnderTest.Get(opsName), batch);
        return Session.Rows(rows)[first..(first + count)];
    }
}
