namespace Seriatim.Tensors;

/// <summary>Where a query, a key and the vector of their head lie, or their gradients.</summary>
internal readonly unsafe struct AdditivePair(float* q, float* k, float* w)
{
    public readonly float* Q = q, K = k, W = w;
}

/// <summary>
/// Scores <c>w · tanh(q + k)</c> (Bahdanau et al., 2015): with keys in lanes and d in sequence, as the products they stand for;
/// backwards pair by pair, features in lanes.
/// </summary>
internal static unsafe class AdditiveScores<T>
    where T : struct, ILanes<T>
{
    /// <summary>Scores of a tile of queries and 16 keys.</summary>
    /// <param name="tileRows">Queries.</param>
    /// <param name="d">Features.</param>
    /// <param name="queries">Queries, <c>[D][tileRows]</c>.</param>
    /// <param name="w">The vector of the head.</param>
    /// <param name="keys">Keys, <c>[D][16]</c>.</param>
    /// <param name="scores">Takes the scores.</param>
    /// <param name="stride">Floats from query to query there.</param>
    public static void Tile(int tileRows, int d, float* queries, float* w, float* keys, float* scores, int stride)
    {
        for (int r = 0; r < tileRows; r++)
        {
            T sum = T.Broadcast(0f);
            for (int i = 0; i < d; i++)
            {
                T both = T.Broadcast(queries[i * tileRows + r]) + T.Load(keys + i * 16);
                sum = T.MultiplyAdd(T.Broadcast(w[i]), LaneMath<T>.Tanh(both), sum);
            }

            T.Store(sum, scores + r * stride);
        }
    }

    /// <summary>
    /// Adds what one pair gives: <c>g = ds · w (1 - tanh²)</c> to the gradients of its query
    /// and its key, <c>ds · tanh</c> to that of w.
    /// </summary>
    /// <param name="ds">The gradient of the score.</param>
    /// <param name="pair">The query, the key and w, filled up with zeros to whole lanes.</param>
    /// <param name="gradients">Their gradients.</param>
    /// <param name="width">Features, whole lanes.</param>
    public static void Backward(float ds, in AdditivePair pair, in AdditivePair gradients, int width)
    {
        (T gradient, T one) = (T.Broadcast(ds), T.Broadcast(1f));
        for (int i = 0; i < width; i += 16)
        {
            T t = LaneMath<T>.Tanh(T.Load(pair.Q + i) + T.Load(pair.K + i));
            T both = gradient * T.Load(pair.W + i) * (one - t * t);
            T.Store(T.Load(gradients.Q + i) + both, gradients.Q + i);
            T.Store(T.Load(gradients.K + i) + both, gradients.K + i);
            T.Store(T.MultiplyAdd(gradient, t, T.Load(gradients.W + i)), gradients.W + i);
        }
    }
}
