using System.Text.Json;

namespace Seriatim.Training.Tests;

/// <summary>Parameters after three steps against the reference library, for every family that has golden training data.</summary>
public sealed class AdamWGoldenTests
{
    public static IEnumerable<object[]> Cases => TrainingCase.Names;

    [TrainingTheory]
    [MemberData(nameof(Cases))]
    public void ThreeStepsEqualTheReference(string name)
    {
        using Model model = Model.Load(Shared.Path("golden", name), new ModelLoadOptions { Storage = WeightStorage.F32 });
        using var golden = new TrainingCase(name);
        using IDifferentiableOps ops = CpuOps.Create(2);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Shared.Path("golden", name, "train.json")));
        double Value(string key) => json.RootElement.GetProperty(key).GetDouble();
        using var optimizer = new AdamW(new ParameterSelection { DecayVectors = true }.Select(model), new AdamWOptions
        {
            Beta1 = Value("beta1"),
            Beta2 = Value("beta2"),
            Epsilon = Value("eps"),
            WeightDecay = Value("weight_decay"),
        });
        for (int step = 1; step <= 3; step++)
        {
            Assert.Equal(Value($"loss_before_step_{step}"), golden.Step(model, ops), 1e-5);
            if (step == 1)
                Assert.Equal(Value("grad_global_l2_norm"), GradientNorm.Of(ops, optimizer.Parameters), 1e-4);
            optimizer.Step(ops, Value("lr"));
            optimizer.ClearGradients();
        }

        Assert.Equal(Value("loss_after_step_3"), golden.Step(model, ops), 1e-5);
        HashSet<string> noisy = [.. json.RootElement.GetProperty("after3_noisy_params").EnumerateArray().Select(n => n.GetString()!)];
        using SafetensorsFile after = SafetensorsFile.Open(Shared.Path("golden", name, "after3.safetensors"));
        Dictionary<string, ExportedTensor> made = CheckpointExporter.Data(model.Parameters).ToDictionary(t => t.Name);
        // Parameters whose true gradient is zero move by amplified rounding noise; the README of the data says to skip them.
        foreach (SafetensorsEntry entry in after.Entries.Where(e => !noisy.Contains(e.Name)))
        {
            float[] expected = after.ReadF32(entry), actual = made[entry.Name].Values;
            // Element by element: the largest of several errors would leave out those that are not a number.
            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs((double)expected[i] - actual[i]) <= 5e-5, $"{entry.Name}: value {i} is {actual[i]}, expected {expected[i]}");
        }
    }
}
