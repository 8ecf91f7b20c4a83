using System.Numerics;

namespace Seriatim.Generation;

/// <summary><c>logit / temperature</c>.</summary>
internal sealed class TemperatureScale(float temperature) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        // Division is exact to the bit in every vector width.
        float[] logits = row.Logits;
        int id = 0;
        for (; id <= logits.Length - Vector<float>.Count; id += Vector<float>.Count)
            (new Vector<float>(logits, id) / new Vector<float>(temperature)).CopyTo(logits, id);
        for (; id < logits.Length; id++)
            logits[id] /= temperature;
        row.TouchKeepingOrder();
    }
}

/// <summary>A temperature by the entropy of the candidates, as in llama.cpp.</summary>
internal sealed class DynamicTemperatureScale(float temperature, DynamicTemperature options) : LogitsProcessor
{
    public override void Apply(LogitsRow row)
    {
        int count = row.Candidates.Length;
        if (count <= 1)
            return;
        (double max, double sum) = row.SoftmaxParts();
        double normalised = Math.Clamp(row.Entropy(max, sum) / PlainMath.Log(count), 0, 1);
        double least = Math.Max(0, temperature - options.Range);
        double scale = least + (temperature + options.Range - least) * PlainMath.Pow(normalised, options.Exponent);

        // At temperature 0 only the best remain; a tiny number does the same without dividing by zero.
        scale = Math.Max(scale, 1e-6);
        foreach (ulong key in row.Candidates)
        {
            int id = LogitsRow.IdOf(key);
            row.Logits[id] = (float)(max + (row.Logits[id] - max) / scale);
        }

        row.TouchKeepingOrder();
    }
}
