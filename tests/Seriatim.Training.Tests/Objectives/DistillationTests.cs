using System.Text;

namespace Seriatim.Training.Tests;

public sealed class DistillationTests
{
    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(2, 0.7, 0.1f)]
    public void Loss_and_gradient_follow_the_formula(double temperature, double weight, float smoothing)
    {
        using Model student = TinyModel.Gpt(), teacher = Teacher(seed: 99);
        using IDifferentiableOps ops = CpuOps.Create(2);
        TrainingBatch batch = Batch();
        double loss = new Distillation(teacher, temperature, weight).Train(student, ops, batch, smoothing);
        Assert.Equal(Reference(student, teacher, ops, batch, temperature, weight, smoothing), loss, 2e-3);

        // The gradient against differences of the loss, for the greatest elements of some parameters.
        foreach (Parameter parameter in student.Parameters.Select(p => p.Parameter).Where((_, i) => i % 3 == 0))
        {
            Span<float> gradient = parameter.Gradient!.Span, data = parameter.Data.Span;
            int at = 0;
            for (int i = 0; i < gradient.Length; i++)
                at = Math.Abs(gradient[i]) > Math.Abs(gradient[at]) ? i : at;
            float kept = data[at];
            const float Step = 4e-3f;
            data[at] = kept + Step;
            double above = Reference(student, teacher, ops, batch, temperature, weight, smoothing);
            data[at] = kept - Step;
            double below = Reference(student, teacher, ops, batch, temperature, weight, smoothing);
            data[at] = kept;
            double slope = (above - below) / (2 * Step);
            Assert.True(Math.Abs(slope - gradient[at]) < 0.03 * Math.Abs(slope) + 0.02, $"{parameter}: {gradient[at]}, differences give {slope}");
        }
    }

    [Fact]
    public void Without_weight_for_the_teacher_it_would_be_the_usual_loss()
    {
        using Model model = TinyModel.Gpt();
        using IDifferentiableOps ops = CpuOps.Create(1);
        TrainingBatch batch = Batch();
        double usual = LossPass.Train(model, ops, batch);
        // A model that is its own teacher has no distance to it: what is left is its share of the usual loss.
        Assert.Equal(usual * 0.25, new Distillation(model, 3, 0.75).Train(model, ops, batch), 1e-2);
    }

    [Fact]
    public void Bits_do_not_depend_on_threads()
    {
        float[][] Run(int threads)
        {
            using Model student = TinyModel.Gpt(), teacher = Teacher(seed: 99);
            using IDifferentiableOps ops = CpuOps.Create(threads);
            new Distillation(teacher).Train(student, ops, Batch());
            return [.. CheckpointExporter.Gradients(student.Parameters).Select(t => t.Values)];
        }

        float[][] expected = Run(1), actual = Run(3);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i]);
    }

    [Fact]
    public void A_recipe_names_its_teacher()
    {
        using var run = new TinyRun();
        using (Trainer trainer = run.Trainer())
            trainer.Run();
        run.Recipe["teacher_model_name_or_path"] = "out/final";
        run.Recipe["output_dir"] = "student";
        run.Recipe["seed"] = 5;
        run.Recipe["max_steps"] = 40;
        run.Recipe["eval_steps"] = 0;
        run.Recipe["save_steps"] = 0;
        using (Trainer trainer = run.Trainer(2))
        {
            double before = trainer.Evaluate()!.Value.Loss;
            TrainerResult result = trainer.Run();
            Assert.True(result.Validation!.Value.Loss < before - 0.3, $"{before} to {result.Validation.Value.Loss}");
        }

        run.Recipe["output_dir"] = "other";
        run.Recipe["model_config"] = System.Text.Json.Nodes.JsonNode.Parse(TinyModel.GptConfig(vocabulary: 60));
        Assert.Contains("48 outputs", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
        run.Recipe.Remove("teacher_model_name_or_path");
        run.Recipe["distillation_weight"] = 0.5;
        Assert.Contains("distillation_weight", Assert.Throws<RecipeException>(() => run.Trainer()).Message);
    }

    private static Model Teacher(ulong seed) =>
        Model.Create("config.json", Encoding.UTF8.GetBytes(TinyModel.GptConfig()), new RandomSource(seed, 0.4f));

    /// <summary>More rows than are worked on at once.</summary>
    private static TrainingBatch Batch()
    {
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < 9; i++)
            builder.Add(Enumerable.Range(0, 16).Select(k => (i * 31 + k * 7) % 48).ToArray(), outputs: Outputs.All);
        RaggedBatch rows = builder.Build();
        return new TrainingBatch(rows, null, [.. Enumerable.Range(0, rows.Rows)], [.. Enumerable.Range(0, rows.Rows).Select(i => i * 5 % 48)]);
    }

    private static double Reference(Model student, Model teacher, IDifferentiableOps ops, TrainingBatch batch, double temperature, double weight, float smoothing)
    {
        using Tensor studentRows = student.Forward(ops, batch.Rows), teacherRows = teacher.Forward(ops, batch.Rows);
        using Tensor z = student.Project(ops, studentRows), t = teacher.Project(ops, teacherRows);
        double loss = 0;
        for (int row = 0; row < z.Rows; row++)
        {
            double[] sharp = LogSoftmax(z.Row(row), 1), soft = LogSoftmax(z.Row(row), temperature), taught = LogSoftmax(t.Row(row), temperature);
            double entropy = -(1 - smoothing) * sharp[batch.Labels[row]] - smoothing * sharp.Average();
            double kl = taught.Zip(soft, (q, p) => Math.Exp(q) * (q - p)).Sum();
            loss += (1 - weight) * entropy + weight * temperature * temperature * kl;
        }

        return loss;
    }

    private static double[] LogSoftmax(ReadOnlySpan<float> logits, double temperature)
    {
        double[] z = [.. logits.ToArray().Select(v => v / temperature)];
        double max = z.Max(), sum = max + Math.Log(z.Sum(v => Math.Exp(v - max)));
        return [.. z.Select(v => v - sum)];
    }
}
