using System.Diagnostics;

namespace Seriatim.Conformance.Tests;

/// <summary>Quantised models: exactly what their blocks mean with F32 activations, close to it with quantised ones.</summary>
public sealed class GgufModelTests
{
    private const float ExactTolerance = 1e-4f;

    public static IEnumerable<object[]> Models => GgufCases.Models;

    public static IEnumerable<object[]> Negative => GgufCases.Negative;

    [GgufTheory]
    [MemberData(nameof(Models))]
    public void ReferenceGivesTheExactLogits(string name)
    {
        using Model model = Model.Load(name + ".gguf");
        Check(name, model, OpsUnderTest.Get("reference"), ExactTolerance, ExactTolerance, ExactTolerance);
    }

    [GgufTheory]
    [MemberData(nameof(Models))]
    public void WeightsAsF32GiveTheExactLogitsOnTheProduct(string name)
    {
        using Model model = Model.Load(name + ".gguf", new ModelLoadOptions { Storage = WeightStorage.F32 });
        Assert.Empty(model.Matrices);
        Check(name, model, OpsUnderTest.Get("cpu-512"), ExactTolerance, ExactTolerance, ExactTolerance);
    }

    [GgufTheory]
    [MemberData(nameof(Models))]
    public void QuantisedActivationsStayWithinTheTolerance(string name)
    {
        using Model model = Model.Load(name + ".gguf");
        bool quantised = model.Matrices.Count > 0;
        (float max, float rms) = quantised ? (0.25f, 0.05f) : (ExactTolerance, ExactTolerance);
        Check(name, model, OpsUnderTest.Get("cpu-512"), max, rms, quantised ? 0.25f : 0.05f);
    }

    [GgufTheory]
    [MemberData(nameof(Models))]
    public void PlacementThreadsAndWidthsDoNotMatter(string name)
    {
        using var expected = new GoldenTensors(name + ".expected.safetensors");
        int[] prompt = Prompt(name);
        using Model packed = Model.Load(name + ".gguf");
        using Model mapped = Model.Load(name + ".gguf", new ModelLoadOptions { Placement = WeightPlacement.Mapped });
        float[][] yardstick = Logits(packed, "cpu-512", prompt);
        Bits.Equal(yardstick, Logits(mapped, "cpu-512", prompt), "mapped");
        foreach (string ops in (string[])["cpu-512-1", "cpu-256", "cpu-128"])
            Bits.Equal(yardstick, Logits(packed, ops, prompt), ops);
    }

    [GgufTheory]
    [MemberData(nameof(Negative))]
    public void BrokenFilesAreRefusedAtOnce(string name)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Exception failure = Assert.ThrowsAny<Exception>(() => Model.Load(name + ".gguf").Dispose());
        Assert.True(failure is ModelFormatException or ModelException, $"{failure}");
        Assert.Contains(Path.GetFileName(name), failure.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    private static void Check(string name, Model model, IOps ops, float max, float rms, float llamaMax)
    {
        using var expected = new GoldenTensors(name + ".expected.safetensors");
        int[] prompt = Prompt(name);
        float[] logits = [.. Runs.DecoderLogits(model, ops, [prompt]).SelectMany(row => row)];
        float[] exact = expected.Floats("logits_dequantized");
        float[] llama = expected.Floats("logits");
        (double ownMax, double ownRms) = Distance(logits, exact);
        (double theirMax, double theirRms) = Distance(llama, exact);
        (double betweenMax, double betweenRms) = Distance(logits, llama);
        string label = $"{Path.GetFileName(name)} {ops.GetType().Name}";
        Measured.Note($"{label} max (llama.cpp {theirMax:G3})", ownMax);
        Measured.Note($"{label} rms (llama.cpp {theirRms:G3})", ownRms);
        Assert.True(ownMax <= max && ownRms <= rms, $"{label}: max {ownMax:G4}, rms {ownRms:G4} from the exact logits; {max}, {rms} allowed");
        float limit = Math.Max(llamaMax, (float)theirMax * 1.05f);
        Assert.True(betweenMax <= limit, $"{label}: max {betweenMax:G4}, rms {betweenRms:G4} from llama.cpp; {limit} allowed");
        Assert.Equal(expected.Ids("greedy")[0], Greedy.Cached(model, ops, [prompt], 16)[0]);
    }

    private static int[] Prompt(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(name + ".expected.safetensors");
        return file.ReadI32(file["input_ids"]);
    }

    private static float[][] Logits(Model model, string ops, int[] prompt) => Runs.DecoderLogits(model, OpsUnderTest.Get(ops), [prompt]);

    private static (double Max, double Rms) Distance(float[] a, float[] b)
    {
        Assert.Equal(b.Length, a.Length);
        double max = 0, sum = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double difference = Math.Abs((double)a[i] - b[i]);
            Assert.True(double.IsFinite(difference));
            max = Math.Max(max, difference);
            sum += difference * difference;
        }

        return (max, Math.Sqrt(sum / a.Length));
    }
}
