namespace Seriatim.Inspection;

/// <summary>What one position gives to each key it sees, in one head: a row of the softmax.</summary>
public sealed record CapturedAttention
{
    internal CapturedAttention(
        CapturePlace place, int round, int position, int head, IReadOnlyList<int> keys, IReadOnlyList<float> weights) =>
        (Place, Round, Position, Head, Keys, Weights) = (place, round, position, head, keys, weights);

    /// <summary>Where.</summary>
    public CapturePlace Place { get; }

    /// <summary>
    /// Number of the attention within the layer's mixer: those that join several softmaxes (hashed attention), or have global
    /// rows beside local ones, have more than one.
    /// </summary>
    public int Round { get; }

    /// <summary>Position of the query in its text.</summary>
    public int Position { get; }

    /// <summary>The query head.</summary>
    public int Head { get; }

    /// <summary>
    /// Positions of the keys it sees: of its own text (-1: the row that some encoders have before it), of the source in
    /// cross-attention, of projected rows in low-rank attention.
    /// </summary>
    public IReadOnlyList<int> Keys { get; }

    /// <summary>Their weights; they sum to 1, or to less in heads that may look at nothing (learned sinks: gpt-oss).</summary>
    public IReadOnlyList<float> Weights { get; }

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
