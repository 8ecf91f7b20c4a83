using System.Text.Json;

namespace Seriatim.Conformance.Tests;

/// <summary>Loss, gradient of every parameter, and parameters after three AdamW steps against the reference.</summary>
public sealed class GradientTests
{
    private const double GradientAbsolute = 1e-5;
    private const double GradientRelative = 1e-4;
    private const double LossTolerance = 1e-5;
    private const double ParameterTolerance = 5e-5;

    public static IEnumerable<object[]> Trained => GoldenCases.Rows(c => c.Has("grads.safetensors"));

    [GoldenTheory]
    [MemberData(nameof(Trained))]
    public void LossAndGradientsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using Model model = golden.Load(WeightStorage.F32, OpsUnderTest.DeviceOf(opsName));
        using GoldenTensors expected = golden.Expected();
        using var gradients = new GoldenTensors(golden.File("grads.safetensors"));
        float loss = Step(model, OpsUnderTest.Get(opsName), expected, checks: name);
        Close.Check($"{name} loss", expected.Floats("loss"), [loss], LossTolerance);
        Dictionary<string, ExportedTensor> made = CheckpointExporter.Gradients(model.Parameters).ToDictionary(t => t.Name);
        Assert.Equal(gradients.Names.Order(), made.Keys.Order());
        foreach (string tensor in gradients.Names)
        {
            Assert.Equal(gradients.Shape(tensor), made[tensor].Shape);
            Close.Check($"{name} gradient of {tensor}", gradients.Floats(tensor), made[tensor].Values, GradientAbsolute,
                GradientRelative);
        }
    }

    [GoldenTheory]
    [MemberData(nameof(Trained))]
    public void ThreeStepsOfAdamWEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        using Model model = golden.Load(WeightStorage.F32, OpsUnderTest.DeviceOf(opsName));
        using GoldenTensors expected = golden.Expected();
        using var after = new GoldenTensors(golden.File("after3.safetensors"));
        using JsonDocument train = golden.Json("train.json");
        double Value(string key) => train.RootElement.GetProperty(key).GetDouble();
        IDifferentiableOps ops = OpsUnderTest.Get(opsName);
        var optimizer = new PlainAdamW(
            model.Parameters, Value("lr"), Value("beta1"), Value("beta2"), Value("eps"), Value("weight_decay"));
        for (int step = 1; step <= 3; step++)
        {
            float loss = Step(model, ops, expected);
            Close.Check($"{name} loss of step {step}", [(float)Value($"loss_before_step_{step}")], [loss], LossTolerance);
            optimizer.Step();
        }

        // Before another forward pass, which would move running statistics once more.
        Dictionary<string, ExportedTensor> made = CheckpointExporter.Data(model.Parameters).ToDictionary(t => t.Name);
        Close.Check($"{name} loss after 3 steps", [(float)Value("loss_after_step_3")], [Step(model, ops, expected)],
            LossTolerance);
        HashSet<string> noisy = [.. train.RootElement.GetProperty("after3_noisy_params").EnumerateArray().Select(n =>
            n.GetString()!)];
        foreach (string tensor in after.Names.Where(n => !noisy.Contains(n)))
            Close.Check($"{name} {tensor} after 3 steps", after.Floats(tensor), made[tensor].Values, ParameterTolerance);
    }

    /// <summary>One forward and backward pass over the whole batch, packed without padding. Returns the loss.</summary>
    private static float Step(Model model, IDifferentiableOps ops, GoldenTensors expected, string? checks = null)
    {
        foreach (ModelParameter parameter in model.Parameters)
            parameter.Parameter.ClearGradient();
        using var statistics = new BatchStatistics();
        using var tape = new Tape(ops);
        if (model.Spec.MaskPredict is { } masks)
            return MaskedStep(model, masks, tape, expected);
        (RaggedBatch batch, int[] labels, RaggedBatch? source) = Batch(model, expected);
        using Tensor? encoded = source is null ? null : model.Encode(tape, source);
        using GivenStates? begins = GivenStates.Of(expected, "initial", ops.Device);
        begins?.ForEach(tape.Watch);
        using Tensor hidden = GivenStates.Forward(model, tape, batch.With(statistics), encoded, begins);
        using Tensor rows = tape.GatherRows(hidden, batch.OutputRows);
        using Tensor loss = model.Loss(tape, rows, labels, new CrossEntropyOptions());
        float value = loss.ToArray()[0];
        tape.Backward(loss);
        statistics.Move(ops);
        for (int layer = 0; checks is not null && layer < begins?.Count; layer++)
        {
            Close.Check($"{checks} gradient of the first state of layer {layer}",
                GivenStates.Values(expected, "grad_initial")![layer], tape.GradientOf(begins[layer])!.ToArray(),
                GradientAbsolute, GradientRelative);
        }

        return value;
    }

    /// <summary>The loss of the masked tokens and that of the length, put together as either code does (train.json).</summary>
    private static float MaskedStep(Model model, MaskPredictSpec masks, Tape tape, GoldenTensors expected)
    {
        RaggedBatch source = Runs.Sources(expected, "src_tokens");
        RaggedBatch target = Runs.Targets(expected, "decoder_input_ids", source);
        int[][] mask = Runs.Pads(expected, "decoder_input_ids");
        int[] labels = [.. expected.Ids("labels").SelectMany((row, i) => Runs.Unpadded(row, mask[i]))];
        int[] classes = [.. expected.Ids("length_target")[0].Select((length, i) =>
            masks.Length.ClassOf(length, source.Segments[i].Rows))];
        using Tensor encoded = model.Encode(tape, source);
        using Tensor hidden = model.Forward(tape, target, encoded);
        bool isMean = masks.LengthLossFactor is not null;
        using Tensor words = model.Loss(tape, hidden, labels, new CrossEntropyOptions(LabelSmoothing: 0.1f));
        using Tensor lengths = model.LengthLoss(tape, source, encoded, classes, isMean ? LossReduction.Mean : LossReduction.Sum);
        using Tensor weighed = tape.Scale(lengths, masks.LengthLossFactor ?? 1f / labels.Count(label => label >= 0));
        using Tensor loss = tape.Add(words, weighed);
        float value = loss.ToArray()[0];
        tape.Backward(loss);
        return value;
    }

    private static (RaggedBatch Batch, int[] Labels, RaggedBatch? Source) Batch(Model model, GoldenTensors expected)
    {
        int[][] labels = expected.Ids("labels");
        switch (model.Spec.Task)
        {
            case ModelTask.CausalLanguageModel:
                var builder = new RaggedBatchBuilder();
                foreach (int[] row in expected.Ids("input_ids"))
                    builder.Add(row, outputs: Outputs.All);
                return (builder.Build(), [.. labels.SelectMany(row => row.Skip(1).Append(-100))], null);
            case ModelTask.SequenceToSequence:
                int[][] sourceMask = Runs.Mask(expected, "encoder_attention_mask", "encoder_input_ids");
                RaggedBatch source = Runs.EncoderBatch(expected.Ids("encoder_input_ids"), sourceMask);
                return (Runs.DecoderBatch(expected.Ids("decoder_input_ids"), source), [.. labels.SelectMany(row => row)], source);
            default:
                bool classifies = model.Spec.Task == ModelTask.SequenceClassification;
                int[][] mask = Runs.Mask(expected, "attention_mask", "input_ids");
                RaggedBatch rows = Runs.EncoderBatch(expected.Ids("input_ids"), mask,
                    expected.Has("token_type_ids") ? expected.Ids("token_type_ids") : null,
                    classifies ? Outputs.First : Outputs.All);
                return (rows, classifies ? labels[0] : [.. labels.SelectMany((row, i) => Runs.Unpadded(row, mask[i]))], null);
        }
    }

    /// <summary>
    /// AdamW as the README of the golden data writes it, in double, element by element in the layout of the parameter.
    /// </summary>
    private sealed class PlainAdamW(
        IReadOnlyList<ModelParameter> parameters, double lr, double beta1, double beta2, double eps, double decay)
    {
        private readonly Dictionary<Parameter, (double[] M, double[] V)> _moments = parameters.ToDictionary(
            p => p.Parameter, p => (new double[p.Parameter.Data.Length], new double[p.Parameter.Data.Length]));

        private int _step;

        public void Step()
        {
            _step++;
            foreach (ModelParameter parameter in parameters.Where(p => !p.IsConstant))
            {
                float[] data = parameter.Parameter.Data.ToArray();
                float[] gradient = parameter.Parameter.GradientOrZeros().ToArray();
                (double[] m, double[] v) = _moments[parameter.Parameter];
                for (int i = 0; i < data.Length; i++)
                {
                    m[i] = beta1 * m[i] + (1 - beta1) * gradient[i];
                    v[i] = beta2 * v[i] + (1 - beta2) * gradient[i] * gradient[i];
                    double decayed = data[i] - lr * decay * data[i];
                    double corrected = m[i] / (1 - Math.Pow(beta1, _step));
                    data[i] = (float)(decayed - lr * corrected / (Math.Sqrt(v[i] / (1 - Math.Pow(beta2, _step))) + eps));
                }

                parameter.Parameter.Device.Write(parameter.Parameter.Data, data);
            }
        }
    }
}
