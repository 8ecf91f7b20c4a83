using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>
/// Batch norm against the reference: by the statistics of the rows, with and without rows of padding among them, by the running
/// ones, and the same weights with layer norm. What the padding is worth is the reference's own finding, made again.
/// </summary>
public sealed class BatchNormTests
{
    private const double GradientAbsolute = 1e-5, GradientRelative = 1e-4, LossTolerance = 1e-5;

    public static IEnumerable<object[]> Cases => GoldenCases.Rows(c =>
    {
        using GoldenTensors expected = c.Expected();
        return expected.Has("batchnorm_eval_logits");
    });

    public static IEnumerable<object[]> Variants =>
        from row in Cases
        from kind in Kinds
        select new object[] { row[0], row[1], kind };

    private static readonly string[] Kinds =
    [
        "batchnorm_train", "layernorm", "padded_batchnorm_all_train", "padded_batchnorm_masked_train", "padded_layernorm",
        "padded_batchnorm_eval", "wider_batchnorm_all_train", "wider_batchnorm_masked_train", "wider_layernorm",
    ];

    [GoldenTheory]
    [MemberData(nameof(Variants))]
    public void LogitsStatisticsAndGradientsEqualTheReference(string name, string opsName, string kind)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IDifferentiableOps ops = OpsUnderTest.Get(opsName);
        using Model model = Load(golden, ops.Device, kind);
        using GoldenTensors expected = golden.Expected();
        string prefix = kind.StartsWith("padded", StringComparison.Ordinal) ? "padded_"
            : kind.StartsWith("wider", StringComparison.Ordinal) ? "wider_" : "";
        int[][] ids = expected.Ids($"{prefix}input_ids");
        int[][] mask = Runs.Mask(expected, $"{prefix}attention_mask", $"{prefix}input_ids");
        using BatchStatistics? statistics = kind.Contains("train", StringComparison.Ordinal) ? new BatchStatistics() : null;
        RaggedBatch batch = Batch(ids, mask, padded: kind.Contains("_all_", StringComparison.Ordinal));
        batch = statistics is null ? batch : batch.With(statistics);

        using var tape = new Tape(ops);
        using Tensor hidden = model.Forward(tape, batch);
        using Tensor rows = tape.GatherRows(hidden, batch.OutputRows);
        using Tensor logits = model.Project(ops, rows);
        int columns = logits.Columns;
        float[] wanted = [.. expected.Floats($"{kind}_logits").Chunk(ids[0].Length * columns)
            .SelectMany((values, row) => Runs.Unpadded(values, mask[row]))];
        Close.Check($"{name} {kind} logits", wanted, logits.ToArray(), golden.Tolerance);
        statistics?.Move(ops);
        CheckStatistics(name, kind, model, expected);
        if (prefix != "wider_" && kind != "padded_batchnorm_eval")
            CheckGradients(golden, kind, model, tape, rows, Labels(expected, prefix, mask));
    }

    /// <summary>
    /// Rows of padding move the rows of others where the statistics count them, and nowhere else: by what the reference found.
    /// </summary>
    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void PaddingMovesRowsOnlyWhereItIsCounted(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using JsonDocument train = golden.Json("train.json");
        JsonElement effects = train.RootElement.GetProperty("effect_of_wider_padding_on_real_logits");
        foreach ((string kind, bool padded, string key) in (ReadOnlySpan<(string, bool, string)>)
            [("batchnorm_train", true, "batchnorm_all_train"), ("batchnorm_train", false, "batchnorm_masked_train"),
            ("layernorm", true, "layernorm")])
        {
            float[] narrow = Logits(golden, opsName, kind, "padded_", padded),
                wide = Logits(golden, opsName, kind, "wider_", padded);
            double moved = narrow.Zip(wide, (a, b) => Math.Abs((double)a - b)).Max(),
                found = effects.GetProperty(key).GetDouble();
            Assert.Equal(found, moved, 1e-4);
            Assert.Equal(found == 0, moved == 0); // the same bits, not about the same
        }
    }

    private static float[] Logits(GoldenCase golden, string opsName, string kind, string prefix, bool padded)
    {
        IDifferentiableOps ops = OpsUnderTest.Get(opsName);
        using Model model = Load(golden, ops.Device, kind);
        using GoldenTensors expected = golden.Expected();
        using var statistics = new BatchStatistics();
        RaggedBatch batch = Batch(expected.Ids($"{prefix}input_ids"), expected.Ids($"{prefix}attention_mask"), padded)
            .With(statistics);
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        return logits.ToArray();
    }

    /// <summary>The case's model; its weights with layer norms for the kinds that say so.</summary>
    private static Model Load(GoldenCase golden, Device device, string kind)
    {
        if (!kind.Contains("layernorm", StringComparison.Ordinal))
            return golden.Load(WeightStorage.F32, device);
        using JsonDocument json = golden.Json("config.json");
        (ModelSpec spec, NameTable names, ModelConfig config) = Model.ReadConfig(golden.Name, json.RootElement);
        StackSpec stack = spec.Encoder!;
        spec = spec with
        {
            Encoder = stack with
            {
                Layers = [.. stack.Layers.Select(layer =>
                    layer with { Norm = new NormSpec(NormKind.Layer, layer.Norm!.Epsilon, Bias: true) })],
            },
        };
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(golden.Folder);
        names.Waive("layer norms have none", "*.running_mean", "*.running_var");
        return Model.Build(spec, names, config, new CheckpointSource(checkpoint, WeightStorage.F32, names), device);
    }

    private static RaggedBatch Batch(int[][] ids, int[][] mask, bool padded)
    {
        var builder = new RaggedBatchBuilder();
        for (int row = 0; row < ids.Length; row++)
        {
            int[] kept = Runs.Unpadded(ids[row], mask[row]);
            builder.AddPadded(kept, padded ? ids[row].Length - kept.Length : 0);
        }

        return builder.Build();
    }

    private static void CheckStatistics(string name, string kind, Model model, GoldenTensors expected)
    {
        foreach (ExportedTensor tensor in CheckpointExporter.Data(model.Parameters))
        {
            string golden = $"{kind}_after.{tensor.Name}";
            if (expected.Has(golden))
                Close.Check($"{name} {golden}", expected.Floats(golden), tensor.Values, 1e-5, 1e-5);
            else
                Assert.False(kind is "batchnorm_train" && tensor.Name.Contains("running", StringComparison.Ordinal), golden);
        }
    }

    private static int[] Labels(GoldenTensors expected, string prefix, int[][] mask) =>
        [.. expected.Ids($"{prefix}labels").SelectMany((row, i) => Runs.Unpadded(row, mask[i]))];

    private static void CheckGradients(GoldenCase golden, string kind, Model model, Tape tape, Tensor rows, int[] labels)
    {
        using Tensor loss = model.Loss(tape, rows, labels, new CrossEntropyOptions());
        using JsonDocument train = golden.Json("train.json");
        double wanted = train.RootElement.GetProperty("losses_by_case").GetProperty(kind).GetDouble();
        Close.Check($"{golden.Name} {kind} loss", [(float)wanted], loss.ToArray(), LossTolerance);
        tape.Backward(loss);
        using var first = new GoldenTensors(golden.File("grads.safetensors"));
        using var more = new GoldenTensors(golden.File("grads_more.safetensors"));
        (GoldenTensors file, string path) = kind == "batchnorm_train" ? (first, "") : (more, $"{kind}/");
        Dictionary<string, ExportedTensor> made = CheckpointExporter.Gradients(model.Parameters).ToDictionary(t => t.Name);
        string[] names = [.. file.Names.Where(n => n.StartsWith(path, StringComparison.Ordinal)).Select(n => n[path.Length..])];
        Assert.Equal(names.Order(), made.Keys.Order());
        foreach (string tensor in names)
        {
            Close.Check($"{golden.Name} {kind} gradient of {tensor}", file.Floats(path + tensor), made[tensor].Values,
                GradientAbsolute, GradientRelative);
        }
    }
}
