namespace Seriatim.Training.Tests;

/// <summary>The loop of docs/guide/training.md, with smaller numbers.</summary>
public sealed class OwnLoopTests
{
    [Fact]
    public void The_pieces_make_a_loop_without_the_trainer()
    {
        using var folder = new TempFolder();
        var file = new DataFile(folder.Write("a.txt", string.Concat(Enumerable.Repeat("the cat sat on the mat.\n", 40))), DataFormat.Text);
        using TokenCache cache = TokenCacheBuilder.OpenOrBuild(
            folder["cache"], file, Letters.Tokenizer, Letters.Json, new ExampleEncoding(AddSpecialTokens: false), new BadLines(0));
        using Model model = TinyModel.Gpt();
        using IDifferentiableOps ops = CpuOps.Create(1);
        var losses = new List<double>();

        var objective = new NextTokenObjective();
        var drawer = new ExampleDrawer([new DataSource(cache)], new ExampleLimits(16, 16, LongSequences.Split, objective.Overlap), seed: 1);
        var loader = new BatchLoader(drawer, new BatchPacking { Tokens = 64 }, objective.RowsOf, seed: 1);
        using var optimizer = new AdamW(new ParameterSelection().Select(model), new AdamWOptions { WeightDecay = 0.1 });
        var schedule = new CosineSchedule(1e-2, WarmupSteps: 5, TotalSteps: 40);
        while (optimizer.Steps < 40)
        {
            TrainingBatch batch = objective.Make(loader.Next());
            double loss = LossPass.Train(model, ops, batch) / batch.Labels.Length;
            double norm = GradientNorm.Of(ops, optimizer.Parameters) / batch.Labels.Length;
            optimizer.Step(ops, schedule.RateAt(optimizer.Steps), GradientNorm.ClipFactor(norm, 1) / batch.Labels.Length, clear: true);
            losses.Add(loss);
        }

        Assert.True(losses[^1] < losses[0] / 2, $"{losses[0]} to {losses[^1]}");
    }
}
