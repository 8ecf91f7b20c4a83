namespace Seriatim.Lab;

/// <summary>
/// The weights of attention, which the engine never holds: made again in double from the rows that enter each layer of an
/// encoder, <c>softmax(scale q kᵀ)</c>.
/// </summary>
internal static class AttentionMaps
{
    /// <summary>Whether the rows that enter a layer are what its attention reads, and scores know nothing of positions.</summary>
    public static bool CanRead(Model model) => model.Matrices.Count == 0 && model.Spec.Encoder is { } encoder
        && encoder.Layers.All(layer => layer.Placement == Placement.Post
            && layer.Mixer is MixerSpec.Attention { Position: PositionSpec.None, Window: 0, SoftCap: 0 });

    /// <summary>The map of each head: for each row its weights of all rows.</summary>
    public static IEnumerable<((int Layer, int Head) Head, double[][] Map)> Of(Model model, IOps ops, int[] ids)
    {
        var streams = new List<float[][]>();
        model.EncodeTraced(ops, new RaggedBatchBuilder().AddEncoder(ids).Build(), (_, x) =>
        {
            HostRows rows = x.Read();
            var copy = new float[rows.Rows][];
            for (int row = 0; row < copy.Length; row++)
                copy[row] = rows.Row(row).ToArray();
            streams.Add(copy);
        }).Dispose();
        for (int layer = 0; layer < model.Spec.Encoder!.Layers.Count; layer++)
        {
            var spec = (MixerSpec.Attention)model.Spec.Encoder.Layers[layer].Mixer;
            double[][] queries = Product(model, $"encoder.layers.{layer}.attention.q", streams[layer]);
            double[][] keys = Product(model, $"encoder.layers.{layer}.attention.k", streams[layer]);
            for (int head = 0; head < spec.Heads; head++)
            {
                int own = head * spec.HeadDim, shared = head / (spec.Heads / spec.KeyValueHeads) * spec.HeadDim;
                yield return ((layer, head), [.. queries.Select(query => Softmax([.. keys.Select(key =>
                    spec.Scale * Enumerable.Range(0, spec.HeadDim).Sum(i => query[own + i] * key[shared + i]))]))]);
            }
        }
    }

    private static double[][] Product(Model model, string path, float[][] rows)
    {
        Parameter matrix = model.Parameters.Single(p => p.Path == path && p.Ending == ".weight").Parameter;
        Parameter? bias = model.Parameters.SingleOrDefault(p => p.Path == path && p.Ending == ".bias")?.Parameter;
        float[] weights = new float[matrix.Columns], shift = new float[matrix.Rows];
        bias?.ReadRow(0, shift);
        double[][] made = [.. rows.Select(_ => new double[matrix.Rows])];
        for (int output = 0; output < matrix.Rows; output++)
        {
            matrix.ReadRow(output, weights);
            for (int row = 0; row < rows.Length; row++)
            {
                double sum = shift[output];
                for (int i = 0; i < weights.Length; i++)
                    sum += (double)weights[i] * rows[row][i];
                made[row][output] = sum;
            }
        }

        return made;
    }

    private static double[] Softmax(double[] scores)
    {
        double most = scores.Max();
        double[] powers = [.. scores.Select(score => Math.Exp(score - most))];
        double sum = powers.Sum();
        return [.. powers.Select(power => power / sum)];
    }
}
