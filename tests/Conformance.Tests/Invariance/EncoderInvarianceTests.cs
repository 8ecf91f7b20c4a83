namespace Seriatim.Conformance.Tests;

/// <summary>An encoder's rows depend on their own sequence alone, bit for bit.</summary>
public sealed class EncoderInvarianceTests
{
    [Theory]
    [InlineData("bert", "reference")]
    [InlineData("bert", "cpu-512")]
    [InlineData("t5", "reference")]
    [InlineData("t5", "cpu-512")]
    [InlineData("marian", "cpu-512")]
    [InlineData("longformer", "reference")]
    [InlineData("longformer", "cpu-512")]
    [InlineData("longformer-dilated", "cpu-512")]
    [InlineData("big_bird", "reference")]
    [InlineData("big_bird", "cpu-512")]
    [InlineData("big_bird-full", "cpu-512")]
    [InlineData("linformer", "reference")]
    [InlineData("linformer", "cpu-512")]
    [InlineData("linformer-onekv", "cpu-512")]
    [InlineData("longformer", "late")]
    [InlineData("big_bird", "late")]
    [InlineData("linformer", "late")]
    [InlineData("bert", "late")]
    [InlineData("marian", "late")]
    [InlineData("modernbert", "cpu-512")]
    [InlineData("nomic_bert", "cpu-512")]
    [InlineData("albert", "cpu-512")]
    [InlineData("modernbert", "late")]
    [InlineData("seriatim", "reference")]
    [InlineData("seriatim", "cpu-512")]
    public void AloneEqualsInAnyBatchOnAnyThreadsAndLanes(string name, string opsName)
    {
        using Model model = TinyEncoders.Make(name, device: OpsUnderTest.DeviceOf(opsName))
            ?? TinyModels.Make(name, device: OpsUnderTest.DeviceOf(opsName));
        int[] text = TinyModels.Tokens(2, 70);
        SparsePattern? pattern = TinyEncoders.Pattern(name, [40, 3]), others = TinyEncoders.Pattern(name, [1]);
        float[][] expected = Rows(
            model, opsName, new RaggedBatchBuilder().AddEncoder(text, pattern: pattern).Build(), 0, text.Length);
        foreach (string other in opsName is "reference" or "late"
            ? (string[])[opsName]
            : ["cpu-512", "cpu-512-1", "cpu-256", "cpu-128"])
        {
            for (int seed = 0; seed < 3; seed++)
            {
                int[] before = TinyModels.Tokens(seed, 3 + 17 * seed);
                RaggedBatch batch = new RaggedBatchBuilder().AddEncoder(before).AddEncoder(text, pattern: pattern)
                    .AddEncoder(before[..2], pattern: others).Build();
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
