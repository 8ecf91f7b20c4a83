namespace Seriatim.Training.Tests;

/// <summary>The batch of a golden training case, packed without padding.</summary>
internal sealed class TrainingCase(string name) : IDisposable
{
    private readonly SafetensorsFile _expected = SafetensorsFile.Open(Shared.Path("golden", name, "expected.safetensors"));

    /// <summary>
    /// Cases that begin with given states, or whose batch brings statistics: GradientTests of Conformance.Tests does their steps.
    /// </summary>
    private static readonly string[] Elsewhere = ["batchnorm", "gru-train", "lstm-train"];

    public static IEnumerable<object[]> Names => Shared.Folder is null
        ? [["none"]]
        : Directory.GetDirectories(Shared.Path("golden")).Where(d => File.Exists(Path.Combine(d, "after3.safetensors")))
            .Where(d => !Elsewhere.Contains(Path.GetFileName(d)))
            .Select(d => new object[] { Path.GetFileName(d) }).OrderBy(row => (string)row[0], StringComparer.Ordinal);

    /// <summary>One forward and backward pass; gradients are added. Returns the mean loss.</summary>
    public float Step(Model model, IDifferentiableOps ops)
    {
        if (model.Spec.MaskPredict is { } masks)
            return MaskedStep(model, masks, ops);
        using var tape = new Tape(ops);
        RaggedBatch? source = null;
        var builder = new RaggedBatchBuilder();
        int[] labels = [.. Ids("labels").SelectMany(row => row)];
        if (model.Spec.Task == ModelTask.CausalLanguageModel)
        {
            labels = [.. Ids("labels").SelectMany(row => row.Skip(1).Append(-100))];
            foreach (int[] row in Ids("input_ids"))
                builder.Add(row, outputs: Outputs.All);
        }
        else if (model.Spec.Task == ModelTask.SequenceToSequence)
        {
            source = Encoder(Ids("encoder_input_ids"), Ids("encoder_attention_mask"));
            int[][] ids = Ids("decoder_input_ids");
            for (int i = 0; i < ids.Length; i++)
            {
                builder.Add(ids[i], outputs: Outputs.All,
                    encoder: new EncoderRows(source.Segments[i].FirstRow, source.Segments[i].Rows));
            }
        }
        else
        {
            int[][] ids = Ids("input_ids"), mask = Ids("attention_mask"), types = Ids("token_type_ids"), all = Ids("labels");
            for (int i = 0; i < ids.Length; i++)
                builder.AddEncoder(Kept(ids[i], mask[i]), Kept(types[i], mask[i]));
            labels = [.. all.SelectMany((row, i) => Kept(row, mask[i]))];
        }

        RaggedBatch batch = builder.Build();
        using Tensor? encoded = source is null ? null : model.Encode(tape, source);
        using Tensor hidden = model.Forward(tape, batch, encoded);
        using Tensor loss = model.Loss(tape, hidden, labels, new CrossEntropyOptions());
        float value = loss.Span[0];
        tape.Backward(loss);
        return value;
    }

    /// <summary>
    /// Through the trainer's own pass: it sums what the reference divides by the number of
    /// labels, so the gradient is divided here.
    /// </summary>
    private float MaskedStep(Model model, MaskPredictSpec masks, IDifferentiableOps ops)
    {
        int[][] targets = Ids("decoder_input_ids"), wanted = Ids("labels");
        RaggedBatch source = Encoder(Ids("src_tokens"), [.. Ids("src_tokens").Select(Real)]);
        var builder = new RaggedBatchBuilder();
        List<int> rows = [], labels = [];
        for (int i = 0; i < targets.Length; i++)
        {
            int[] ids = Kept(targets[i], Real(targets[i]));
            foreach (int place in Enumerable.Range(0, ids.Length).Where(place => wanted[i][place] >= 0))
            {
                rows.Add(builder.Rows + place);
                labels.Add(wanted[i][place]);
            }

            builder.AddTarget(ids, new EncoderRows(source.Segments[i].FirstRow, source.Segments[i].Rows));
        }

        int[] classes = [.. Ids("length_target")[0].Select((length, i) => masks.Length.ClassOf(length, source.Segments[i].Rows))];
        float weight = masks.LengthLossFactor is { } factor ? factor * labels.Count / classes.Length : 1;
        var batch = new TrainingBatch(builder.Build(), source, [.. rows], [.. labels])
        {
            Lengths = new LengthLabels(classes, weight),
        };
        double loss = LossPass.Train(model, ops, batch, labelSmoothing: 0.1f) / labels.Count;
        foreach (ModelParameter parameter in model.Parameters.Where(p => !p.IsConstant))
        {
            Tensor gradient = parameter.Parameter.GradientOrZeros();
            float[] values = [.. gradient.ToArray().Select(value => value / labels.Count)];
            parameter.Parameter.Device.Write(gradient, values);
        }

        return (float)loss;
    }

    /// <summary>1 for a token, 0 for a pad (id 1) after the last one.</summary>
    private static int[] Real(int[] ids) => [.. ids.Select((_, i) => ids.Skip(i).All(id => id == 1) ? 0 : 1)];

    public void Dispose() => _expected.Dispose();

    private static RaggedBatch Encoder(int[][] ids, int[][] mask)
    {
        var builder = new RaggedBatchBuilder();
        for (int i = 0; i < ids.Length; i++)
            builder.AddEncoder(Kept(ids[i], mask[i]));
        return builder.Build();
    }

    private static int[] Kept(int[] ids, int[] mask) => [.. ids.Where((_, i) => mask[i] == 1)];

    private int[][] Ids(string tensor)
    {
        if (_expected.TryGet(tensor, out SafetensorsEntry? entry))
            return [.. _expected.ReadI32(entry).Chunk((int)entry.Shape[^1])];
        int filler = tensor.EndsWith("mask", StringComparison.Ordinal) ? 1 : 0;
        return [.. Ids("input_ids").Select(row => Enumerable.Repeat(filler, row.Length).ToArray())];
    }
}
