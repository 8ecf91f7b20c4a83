namespace Seriatim.Models;

/// <summary>
/// Reads a header as a model before a byte of the file is written, and refuses to write if that is another model: what GGUF, or
/// our writing of it, cannot say is never lost silently.
/// </summary>
internal static class GgufReadBack
{
    /// <summary>The attention factor of YaRN goes through a quotient in binary32.</summary>
    private const double QuotientError = 1e-6;

    /// <summary>Compares a model with its header.</summary>
    /// <param name="model">The model.</param>
    /// <param name="header">What would be written.</param>
    /// <exception cref="UnsupportedConfigException">They differ; the message names each field with both values.</exception>
    public static void Check(Model model, IGgufHeader header)
    {
        GgufDescription read = GgufLoader.Describe(header);
        List<(string Field, string Own, string Other)> lost = [.. SpecComparer.Differences(model.Spec, read.Spec, SameScaling)];
        Compare(lost, model, read.Config);
        if (lost.Count > 0)
        {
            throw new UnsupportedConfigException(model.Spec.Family, [.. lost.Select(l => l.Field)],
                $"a GGUF file of {read.Map.Architecture} would be read as another model: "
                + string.Join("; ", lost.Select(l => $"{l.Field} is {l.Own} and would become {l.Other}"))
                + ". This model cannot be written as GGUF.");
        }
    }

    private static void Compare(List<(string Field, string Own, string Other)> lost, Model model, ModelConfig read)
    {
        void Add(string field, string own, string other)
        {
            if (own != other)
                lost.Add((field, own, other));
        }

        ModelConfig own = model.Config;
        if (model.Spec.Task == ModelTask.SequenceToSequence)
        {
            Add("decoder_start_token_id", Show(own.DecoderStartTokenId), Show(read.DecoderStartTokenId));
            Add("forced_bos_token_id", Show(own.ForcedBosTokenId), Show(read.ForcedBosTokenId));
            Add("forced_eos_token_id", Show(own.ForcedEosTokenId), Show(read.ForcedEosTokenId));
        }

        if (model.Spec.Task == ModelTask.SequenceClassification)
            Add("id2label", string.Join(", ", own.Labels), string.Join(", ", read.Labels));
    }

    private static string Show(int? id) => id is { } value ? $"{value}" : "none";

    /// <summary>Whether two stretchings are one, in the numbers that the format has: factors of waves in binary32.</summary>
    private static bool SameScaling(PositionSpec.Rope own, PositionSpec.Rope read)
    {
        switch (own.Scaling, read.Scaling)
        {
            case (RopeScaling.Llama3, RopeScaling.LongRope b):
                float[] wanted = GgufRope.FactorsOf(own);
                return Same(wanted, b.ShortFactors) && Same(wanted, b.LongFactors) && b.AttentionFactor == 1;
            case (RopeScaling.LongRope a, RopeScaling.LongRope b):
                // then it does not matter where the one set ends
                bool alike = a.ShortFactors.AsSpan().SequenceEqual(a.LongFactors);
                return Same(Rounded(a.ShortFactors), b.ShortFactors) && Same(Rounded(a.LongFactors), b.LongFactors)
                    && (float)a.AttentionFactor == (float)b.AttentionFactor && (alike || a.TrainedLength == b.TrainedLength);
            case (RopeScaling.Yarn a, RopeScaling.Yarn b):
                return a with { AttentionFactor = b.AttentionFactor } == b
                    && Math.Abs(a.AttentionFactor / b.AttentionFactor - 1) <= QuotientError;
            default:
                return own.Scaling == read.Scaling;
        }
    }

    private static float[] Rounded(double[] factors) => [.. factors.Select(factor => (float)factor)];

    private static bool Same(float[] own, double[] read) => own.AsSpan().SequenceEqual(Rounded(read));
}
