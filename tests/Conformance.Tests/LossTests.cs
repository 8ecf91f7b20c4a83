namespace Seriatim.Conformance.Tests;

/// <summary>
/// Cross-entropy, plain and label-smoothed, against the reference. The op computes its logits itself, so the stored logits go in
/// as hidden rows and the head is the identity: then the gradients of the hidden rows are those of the logits.
/// </summary>
public sealed class LossTests
{
    /// <summary>The file with losses of logits, whatever its folder is called.</summary>
    private const string FileName = "losses.safetensors";

    private static string? Found => !Directory.Exists(GoldenRoots.First) ? null
        : Directory.GetDirectories(GoldenRoots.First).Order(StringComparer.Ordinal)
            .Select(folder => Path.Combine(folder, FileName)).FirstOrDefault(File.Exists);

    public static IEnumerable<object[]> Kinds
    {
        get
        {
            if (Found is null)
            {
                yield return [$"{GoldenRoots.First} has no {FileName}", "none"];
                yield break;
            }

            foreach (string kind in (string[])["plain_none", "plain_mean", "plain_sum", "smoothed_none", "smoothed_mean",
                "smoothed_sum"])
            {
                foreach (string ops in OpsUnderTest.Names)
                    yield return [kind, ops];
            }
        }
    }

    [StoriesTheory]
    [MemberData(nameof(Kinds))]
    public void LossAndGradientEqualTheReference(string kind, string opsName)
    {
        using var golden = new GoldenTensors(Found!);
        int[] labels = golden.Ids("labels")[0];
        int columns = (int)golden.Shape("logits")[1];
        IDifferentiableOps ops = OpsUnderTest.Get(opsName);
        using Parameter identity = ops.Device.NewParameter("identity", columns, columns, ParameterLayout.Panels);
        for (int i = 0; i < columns; i++)
        {
            float[] row = new float[columns];
            row[i] = 1;
            identity.WriteRow(i, row);
        }

        string reduction = kind[(kind.IndexOf('_') + 1)..];
        var options = new CrossEntropyOptions(
            kind.StartsWith("smoothed", StringComparison.Ordinal) ? 0.1f : 0,
            Reduction: reduction switch { "mean" => LossReduction.Mean, "sum" => LossReduction.Sum, _ => LossReduction.None });
        using Tensor logits = ops.Device.Upload(golden.Floats("logits"), labels.Length, columns);
        LinearWeight head = LinearWeight.FromPanels(identity);
        using Tensor loss = ops.CrossEntropy(logits, head, labels, options, out CrossEntropyRecord state);
        Close.Check(kind, golden.Floats(kind), loss.ToArray(), 1e-5, 1e-6);
        using (state)
        {
            if (!golden.Has(kind + "_grad_logits"))
                return;
            using Tensor one = ops.Device.Upload([1], 1, 1);
            using Tensor gradient = ops.CrossEntropyBackward(logits, head, labels, options, state, one);
            Close.Check(kind + " gradient", golden.Floats(kind + "_grad_logits"), gradient.ToArray(), 1e-5, 1e-4);
        }
    }
}
