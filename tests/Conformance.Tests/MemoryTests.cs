using System.Text;

namespace Seriatim.Conformance.Tests;

/// <summary>What a forward pass keeps for the backward pass, and what models leave behind.</summary>
public sealed class MemoryTests
{
    /// <summary>
    /// Floats a row that the backward pass of a llama layer reads: the inputs of its two norms and of five groups of products (E each, F for the
    /// last), q, k and v turned, gate and up, the output and the log-sum-exps of attention. What only has an identity is not among them.
    /// </summary>
    [Fact]
    public void TheTapeKeepsWhatBackwardReads()
    {
        const int Width = 256, Inner = 512, Heads = 4, Layers = 4, Rows = 64, Vocabulary = 64;
        string config = $$"""
            {"architectures": ["LlamaForCausalLM"], "vocab_size": {{Vocabulary}}, "hidden_size": {{Width}}, "intermediate_size": {{Inner}},
            "num_hidden_layers": {{Layers}}, "num_attention_heads": {{Heads}}, "num_key_value_heads": {{Heads}}, "max_position_embeddings": 128,
            "tie_word_embeddings": false}
            """;
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(7));
        IDifferentiableOps ops = OpsUnderTest.Get("cpu-512");
        RaggedBatch batch = new RaggedBatchBuilder().Add([.. Enumerable.Range(0, Rows).Select(i => i % Vocabulary)], outputs: Outputs.All).Build();
        long before = TensorPool.Shared.LiveBytes;
        using var tape = new Tape(ops);
        using (Tensor hidden = model.Forward(tape, batch))
        using (Tensor loss = model.Loss(tape, hidden, new int[Rows], new CrossEntropyOptions()))
        {
            double perRow = (TensorPool.Shared.LiveBytes - before) / (double)(Rows * sizeof(float));
            double layer = 2 * Width + 2 * Width + 3 * Width + Width + 3 * Inner;
            double rest = 2 * Width + Vocabulary + 2 * Width / Heads;
            Measured.Note("floats a row for backward", perRow);
            Assert.InRange(perRow, Layers * layer, (Layers * layer + rest) * 1.02);
            tape.Backward(loss);
        }
    }

    [Fact]
    public void ModelsGiveTheirMemoryBack()
    {
        long start = 0;
        for (int round = 0; round < 20; round++)
        {
            foreach (int width in (int[])[72, 200, 328])
                LoadAndUse(width);
            long now = TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes;
            start = round == 0 ? now : start;
            Assert.InRange(now, 0, start * 1.05);
        }

        TensorPool.Shared.Trim();
        Assert.InRange(start, 0, TensorPool.Shared.LiveBytes + (1 << 20));
    }

    private static void LoadAndUse(int width)
    {
        string config = $$"""
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 500, "hidden_size": {{width}}, "intermediate_size": {{2 * width}},
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 64}
            """;
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(7));
        RaggedBatch batch = new RaggedBatchBuilder().Add([.. Enumerable.Range(0, 40)]).Build();
        using Tensor hidden = model.Forward(OpsUnderTest.Get("cpu-512"), batch);
    }
}
