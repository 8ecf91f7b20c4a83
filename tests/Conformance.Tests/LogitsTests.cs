namespace Seriatim.Conformance.Tests;

/// <summary>Full forward passes against the reference's logits and hidden states.</summary>
public sealed class LogitsTests
{
    public static IEnumerable<object[]> All => GoldenCases.Rows(_ => true);

    [GoldenTheory]
    [MemberData(nameof(All))]
    public void LogitsEqualTheReference(string name, string opsName)
    {
        GoldenCase golden = GoldenCases.Get(name);
        IOps ops = OpsUnderTest.Get(opsName);
        using Model model = golden.Load(device: ops.Device);
        using GoldenTensors expected = golden.Expected();
        if (model.Spec.Task == ModelTask.SequenceToSequence)
            CheckSequenceToSequence(golden, model, ops, expected);
        else if (model.Spec.Task == ModelTask.MaskedTranslation)
            CheckMaskedTranslation(golden, model, ops, expected);
        else if (model.Spec.Task == ModelTask.CausalLanguageModel)
            CheckDecoder(golden, model, ops, expected);
        else
            CheckEncoder(golden, model, ops, expected);
    }

    private static void CheckDecoder(GoldenCase golden, Model model, IOps ops, GoldenTensors expected)
    {
        int[][] ids = expected.Ids("input_ids");
        using GivenStates? begins = GivenStates.Of(expected, "initial", ops.Device);
        float[][] logits = Runs.DecoderLogits(model, ops, ids, begins);
        Close.Check($"{golden.Name} logits", expected.Floats("logits"), logits.SelectMany(l => l).ToArray(), golden.Tolerance);
        foreach (string kind in (string[])["odd_", "short_"])
        {
            if (!expected.Has($"{kind}input_ids"))
                continue;
            float[][] others = Runs.DecoderLogits(model, ops, expected.Ids($"{kind}input_ids"));
            Close.Check($"{golden.Name} {kind}logits", expected.Floats($"{kind}logits"), [.. others.SelectMany(l => l)],
                golden.Tolerance);
        }

        if (!expected.Has("padded_input_ids"))
            return;

        int[][] padded = expected.Ids("padded_input_ids");
        int[][] mask = expected.Ids("padded_attention_mask");
        float[] paddedLogits = expected.Floats("padded_logits");
        int size = paddedLogits.Length / padded.Length;
        using Model filled = golden.LoadFilled(padded[0].Length, ops.Device);
        float[][] rows = Runs.DecoderLogits(filled, ops, padded.Select((row, i) => Runs.Unpadded(row, mask[i])));
        for (int row = 0; row < rows.Length; row++)
        {
            float[] wanted = Runs.Unpadded(paddedLogits.AsSpan(row * size, size), mask[row]);
            Close.Check($"{golden.Name} padded logits", wanted, rows[row], golden.Tolerance);
        }
    }

    private static void CheckEncoder(GoldenCase golden, Model model, IOps ops, GoldenTensors expected)
    {
        bool classifies = model.Spec.Task == ModelTask.SequenceClassification;
        int[][] mask = Runs.Mask(expected, "attention_mask", "input_ids");
        RaggedBatch batch = Runs.EncoderBatch(expected.Ids("input_ids"), mask,
            expected.Has("token_type_ids") ? expected.Ids("token_type_ids") : null, classifies ? Outputs.First : Outputs.All,
            Runs.Patterns(expected, mask.Length));
        using Tensor hidden = model.Forward(ops, batch);
        if (expected.Has("last_hidden_state"))
            CheckRows(golden, "last_hidden_state", expected, mask, Runs.Split(batch, hidden));
        if (model.Spec.Head.IsMissing)
        {
            Assert.True(expected.Has("last_hidden_state"), $"{golden.Name} has no head, and no rows to compare.");
            CheckEmbedding(golden, expected, Runs.Split(batch, hidden), hidden.Columns);
            return;
        }

        using Tensor logits = model.Project(ops, hidden, batch.OutputRows);
        if (!classifies)
        {
            string tensor = expected.Has("batchnorm_eval_logits") ? "batchnorm_eval_logits" : "logits";
            CheckRows(golden, tensor, expected, mask, Runs.Split(batch, logits));
            CheckShort(golden, model, ops, expected);
            return;
        }

        Close.Check($"{golden.Name} logits", expected.Floats("logits"), logits.ToArray(), golden.Tolerance);
        if (!expected.Has("pooler_output"))
            return;
        using Tensor first = ops.GatherRows(hidden, batch.OutputRows);
        using Tensor pooled = model.HeadFeatures(ops, first);
        Close.Check($"{golden.Name} pooler_output", expected.Floats("pooler_output"), pooled.ToArray(), golden.Tolerance);
    }

    /// <summary>The mean of each sequence's rows, at length 1.</summary>
    private static void CheckEmbedding(GoldenCase golden, GoldenTensors expected, float[][] rows, int width)
    {
        if (!expected.Has("sentence_embedding"))
            return;
        float[][] wanted = [.. expected.Floats("sentence_embedding").Chunk(width)];
        for (int i = 0; i < rows.Length; i++)
        {
            double[] mean = [.. Enumerable.Range(0, width).Select(e => rows[i].Where((_, at) => at % width == e).Average(x => (double)x))];
            double length = Math.Sqrt(mean.Sum(x => x * x));
            Close.Check($"{golden.Name} sentence_embedding", wanted[i], [.. mean.Select(x => (float)(x / length))], golden.Tolerance);
        }
    }

    /// <summary>Texts below the length that a model was made for, where that matters.</summary>
    private static void CheckShort(GoldenCase golden, Model model, IOps ops, GoldenTensors expected)
    {
        if (!expected.Has("short_input_ids") || !expected.Has("short_logits"))
            return;
        RaggedBatch batch = Runs.EncoderBatch(expected.Ids("short_input_ids"), null);
        using Tensor hidden = model.Forward(ops, batch);
        using Tensor logits = model.Project(ops, hidden);
        Close.Check($"{golden.Name} short logits", expected.Floats("short_logits"), logits.ToArray(), golden.Tolerance);
    }

    private static void CheckSequenceToSequence(GoldenCase golden, Model model, IOps ops, GoldenTensors expected)
    {
        int[][] mask = Runs.Mask(expected, "encoder_attention_mask", "encoder_input_ids");
        RaggedBatch source = Runs.EncoderBatch(expected.Ids("encoder_input_ids"), mask);
        using Tensor encoded = model.Encode(ops, source);
        if (expected.Has("encoder_last_hidden_state"))
            CheckRows(golden, "encoder_last_hidden_state", expected, mask, Runs.Split(source, encoded));
        RaggedBatch target = Runs.DecoderBatch(expected.Ids("decoder_input_ids"), source);
        using Tensor hidden = model.Forward(ops, target, encoded);
        using Tensor logits = model.Project(ops, hidden);
        Close.Check($"{golden.Name} logits", expected.Floats("logits"), logits.ToArray(), golden.Tolerance);
    }

    /// <summary>
    /// Training cases have one batch with padding; the others a target of masks, and one of which a part is known.
    /// </summary>
    private static void CheckMaskedTranslation(GoldenCase golden, Model model, IOps ops, GoldenTensors expected)
    {
        RaggedBatch source = Runs.Sources(expected, "src_tokens");
        using Tensor encoded = model.Encode(ops, source);
        if (expected.Has("encoder_last_hidden_state"))
        {
            CheckRows(golden, "encoder_last_hidden_state", expected, Runs.Pads(expected, "src_tokens"),
                Runs.Split(source, encoded));
        }
        using Tensor lengths = model.LengthLogits(ops, source, encoded);
        string tensor = expected.Has("length_logits") ? "length_logits" : "length_log_probs";
        float[] wanted = expected.Floats(tensor);
        float[] made = tensor == "length_logits" ? lengths.ToArray() : LogSoftmax(lengths);
        for (int i = 0; i < wanted.Length; i++)
        {
            // A class that cannot be has no probability at all.
            if (float.IsNegativeInfinity(wanted[i]))
                (wanted[i], made[i]) = (0, made[i] < -1e8f ? 0 : made[i]);
        }

        Close.Check($"{golden.Name} {tensor}", wanted, made, golden.Tolerance);
        foreach ((string ids, string logits) in (ReadOnlySpan<(string, string)>)[("masked_decoder_input_ids", "masked_logits"),
            ("partial_decoder_input_ids", "partial_logits"), ("decoder_input_ids", "logits")])
        {
            if (!expected.Has(ids))
                continue;
            RaggedBatch target = Runs.Targets(expected, ids, source);
            var states = new List<float[][]>();
            using Tensor hidden = model.Forward(ops, target, encoded, (_, x) => states.Add(Runs.Split(target, x)));
            using Tensor found = model.Project(ops, hidden);
            CheckRows(golden, logits, expected, Runs.Pads(expected, ids), Runs.Split(target, found));
            for (int i = 0; logits == "masked_logits" && i < states.Count; i++)
            {
                // The last one is after the final norm.
                float[][] rows = i == states.Count - 1 ? Runs.Split(target, hidden) : states[i];
                CheckRows(golden, $"masked_hidden_states.{i}", expected, Runs.Pads(expected, ids), rows);
            }
        }
    }

    private static float[] LogSoftmax(Tensor logits)
    {
        return [.. logits.ToArray().Chunk(logits.Columns).SelectMany(row =>
        {
            double largest = row.Max(), sum = row.Sum(x => Math.Exp(x - largest));
            return row.Select(x => (float)(x - largest - Math.Log(sum)));
        })];
    }

    private static void CheckRows(GoldenCase golden, string tensor, GoldenTensors expected, int[][] mask, float[][] rows)
    {
        float[] values = expected.Floats(tensor);
        int size = values.Length / mask.Length;
        for (int row = 0; row < rows.Length; row++)
        {
            float[] wanted = Runs.Unpadded(values.AsSpan(row * size, size), mask[row]);
            Close.Check($"{golden.Name} {tensor}", wanted, rows[row], golden.Tolerance);
        }
    }
}
