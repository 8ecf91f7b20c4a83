using System.Text;

namespace Seriatim.Training.Tests;

public sealed class RecomputeTests
{
    [Fact]
    public void Recomputing_layers_takes_less_memory_and_gives_the_same_gradient()
    {
        string config = TinyModel.GptConfig(context: 64).Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 12", StringComparison.Ordinal);
        using Model model = Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(7));
        using IDifferentiableOps ops = CpuOps.Create(1);
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < 16; i++)
            builder.Add(Enumerable.Range(0, 64).Select(k => (i * 31 + k * 7) % 48).ToArray(), outputs: Outputs.All);
        RaggedBatch rows = builder.Build();
        var batch = new TrainingBatch(rows, null, [.. Enumerable.Range(0, rows.Rows)], [.. rows.Tokens.Span]);
        (float[][] Gradients, long Bytes) Run(bool recompute)
        {
            foreach (ModelParameter parameter in model.Parameters)
                parameter.Parameter.ClearGradient();
            TensorPool.Shared.Trim();
            long before = TensorPool.Shared.LiveBytes;
            LossPass.Train(model, ops, batch, recompute: recompute);
            return ([.. CheckpointExporter.Gradients(model.Parameters).Select(t => t.Values)], TensorPool.Shared.LiveBytes + TensorPool.Shared.FreeBytes - before);
        }

        Run(false); // makes the gradients
        (float[][] kept, long most) = Run(false);
        (float[][] again, long less) = Run(true);
        for (int i = 0; i < kept.Length; i++)
            Assert.Equal(kept[i], again[i]);
        Assert.True(less < 0.4 * most, $"{less} bytes with, {most} without");
    }
}
