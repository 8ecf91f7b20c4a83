namespace Seriatim.Tensors;

/// <summary>
/// The rows of <see cref="CrossEntropyOp"/> for one piece of the vocabulary: forward brings each row's running maximum and sums
/// up to date, backward turns logits into their gradients in place.
/// </summary>
internal unsafe struct CrossEntropyKernel<T> : IWork
    where T : struct, ILanes<T>
{
    public float* Logits;    // [N][Stride]
    public nint Stride;
    public int Rows, FirstLabel, Count, Vocabulary, PerPiece;
    public float SoftCap, Smoothing;
    public int* Labels;
    public float* Maxima;    // [N]
    public float* Sums;      // [N][16] of exp(z - max)
    public float* Totals;    // [N][16] of z, for label smoothing
    public float* Target;    // [N] logit of the label
    public float* LogSumExp; // [N]; not null: backward
    public float* Gradients; // [N] gradient of each row's loss; 0 where ignored

    public readonly void Do(int piece, int worker)
    {
        for (int n = piece * PerPiece; n < Math.Min(Rows, (piece + 1) * PerPiece); n++)
        {
            float* z = Logits + n * Stride;
            if (LogSumExp == null)
                Forward(n, z);
            else
                Backward(n, z);
        }
    }

    private readonly void Forward(int n, float* z)
    {
        T minusInfinity = T.Broadcast(float.NegativeInfinity);
        float before = Maxima[n];
        T max = T.Broadcast(before);
        T totals = T.Load(Totals + n * 16);
        for (int i = 0; i < Count; i += 16)
        {
            int left = Count - i;
            T value = Cap(RowKernel.Load<T>(z + i, left));
            totals += value;
            if (left < 16)
                value = T.Select(T.Less(T.Count(i), T.Broadcast(Count)), value, minusInfinity);
            max = T.Max(value, max);
        }

        T.Store(totals, Totals + n * 16);
        float after = T.MaxLane(max);
        T shift = T.Broadcast(float.IsNegativeInfinity(after) ? 0 : after);
        T sums = T.Load(Sums + n * 16) * LaneMath<T>.Exp(T.Broadcast(before) - shift);
        for (int i = 0; i < Count; i += 16)
        {
            int left = Count - i;
            T value = LaneMath<T>.Exp(Cap(RowKernel.Load<T>(z + i, left)) - shift);
            if (left < 16)
                value = T.And(T.Less(T.Count(i), T.Broadcast(Count)), value);
            sums += value;
        }

        T.Store(sums, Sums + n * 16);
        Maxima[n] = after;
        int label = Labels[n] - FirstLabel;
        if ((uint)label < (uint)Count)
            Target[n] = T.MaxLane(Cap(T.Broadcast(z[label])));
    }

    private readonly void Backward(int n, float* z)
    {
        T logSumExp = T.Broadcast(LogSumExp[n]);
        T gradient = T.Broadcast(Gradients[n]);
        T share = T.Broadcast(Smoothing / Vocabulary);
        int label = Labels[n] - FirstLabel;
        for (int i = 0; i < Count; i += 16)
        {
            int left = Count - i;
            T value = Cap(RowKernel.Load<T>(z + i, left));
            T d = LaneMath<T>.Exp(value - logSumExp) - share;
            if (label >= i && label < i + 16)
            {
                d -= T.And(T.Less(T.Count(i), T.Broadcast(label + 1)),
                    T.Select(T.Less(T.Count(i), T.Broadcast(label)), T.Broadcast(0f), T.Broadcast(1 - Smoothing)));
            }
            if (SoftCap > 0)
            {
                T t = value / T.Broadcast(SoftCap);
                d *= T.Broadcast(1f) - t * t;
            }

            RowKernel.Store(d * gradient, z + i, left);
        }
    }

    private readonly T Cap(T z) => SoftCap > 0 ? T.Broadcast(SoftCap) * LaneMath<T>.Tanh(z / T.Broadcast(SoftCap)) : z;
}
