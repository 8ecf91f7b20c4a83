namespace Seriatim.Inspection;

/// <summary>What one position gives to each key it sees, in one head: a row of the softmax.</summary>
/// <param name="Place">Where.</param>
/// <param name="Round">
/// Number of the attention within the layer's mixer: those that join several softmaxes (hashed attention), or have global rows
/// beside local ones, have more than one.
/// </param>
/// <param name="Position">Position of the query in its text.</param>
/// <param name="Head">The query head.</param>
/// <param name="Keys">
/// Positions of the keys it sees: of its own text (-1: the row that some encoders have before it), of the source in
/// cross-attention, of projected rows in low-rank attention.
/// </param>
/// <param name="Weights">Their weights; they sum to 1.</param>
public sealed record CapturedAttention(
    CapturePlace Place, int Round, int Position, int Head, IReadOnlyList<int> Keys, IReadOnlyList<float> Weights)
{
    /// <summary>The weights by key, 0 where nothing is seen.</summary>
    /// <param name="keys">How many keys there are.</param>
    public float[] Dense(int keys)
    {
        float[] dense = new float[keys];
        for (int i = 0; i < Keys.Count; i++)
        {
            if (Keys[i] >= 0)
                dense[Keys[i]] += Weights[i];
        }

        return dense;
    }
}
