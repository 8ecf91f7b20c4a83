namespace Seriatim.Tensors;

/// <summary>One block of features of one segment of a gated recurrence: features in lanes, rows in sequence.</summary>
internal static unsafe class GatedRecurrence
{
    /// <summary>Features of a block: a piece of work.</summary>
    public const int Block = 64;

    /// <summary>
    /// <c>h = before + σ(z) (v - before)</c> for 16 features of one row; a closed gate keeps the bits of the old state.
    /// </summary>
    public static void Forward<T>(float* z, float* v, float* before, float* h, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T old = before == null ? T.Broadcast(0f) : RowKernel.Load<T>(before + i, left);
            T gate = LaneMath<T>.Sigmoid(RowKernel.Load<T>(z + i, left));
            RowKernel.Store(T.MultiplyAdd(gate, RowKernel.Load<T>(v + i, left) - old, old), h + i, left);
        }
    }

    /// <summary>
    /// One row backwards. <paramref name="carry"/> is the gradient that the later rows hand down; afterwards it is what this row
    /// hands down.
    /// </summary>
    public static void Backward<T>(float* z, float* v, float* before, float* dy, float* carry, float* dz, float* dv, int count)
        where T : struct, ILanes<T>
    {
        T one = T.Broadcast(1f);
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T old = before == null ? T.Broadcast(0f) : RowKernel.Load<T>(before + i, left);
            T gate = LaneMath<T>.Sigmoid(RowKernel.Load<T>(z + i, left));
            T dh = RowKernel.Load<T>(dy + i, left) + T.Load(carry + i);
            T share = dh * gate;
            RowKernel.Store(share * (one - gate) * (RowKernel.Load<T>(v + i, left) - old), dz + i, left);
            RowKernel.Store(share, dv + i, left);
            T.Store(dh - share, carry + i);
        }
    }
}
