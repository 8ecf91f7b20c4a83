namespace Seriatim.Tensors;

/// <summary>
/// One row of a block of channels, or of all, of a depthwise causal convolution: channels in lanes, taps in sequence. Weights lie
/// in panels of 32 channels, <c>[C / 32][K][32]</c>.
/// </summary>
internal static unsafe class CausalConvolution
{
    /// <summary>Channels of a block of the backward pass: two panels.</summary>
    public const int Block = 64;

    private const int Panel = 32;

    /// <summary>
    /// <c>y = b + Σ_k w_k x_k</c>, k = 0, 1, 2, ...; a tap that is null lies before the sequence and reads as zeros.
    /// </summary>
    /// <param name="taps">The inputs of the block's channels, oldest first.</param>
    /// <param name="kernel">Number of taps, K.</param>
    /// <param name="weight">The block's first panel.</param>
    /// <param name="bias">The block's biases; null: zeros.</param>
    /// <param name="y">The block's outputs.</param>
    /// <param name="count">Channels.</param>
    public static void Forward<T>(float** taps, int kernel, float* weight, float* bias, float* y, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T sum = bias == null ? T.Broadcast(0f) : RowKernel.Load<T>(bias + i, left);
            float* w = weight + (long)(i / Panel) * kernel * Panel + i % Panel;
            for (int k = 0; k < kernel; k++, w += Panel)
                sum = T.MultiplyAdd(T.Load(w), taps[k] == null ? T.Broadcast(0f) : RowKernel.Load<T>(taps[k] + i, left), sum);
            RowKernel.Store(sum, y + i, left);
        }
    }

    /// <summary>
    /// The gradient of one row's input: <c>dx = Σ_k w_k dy_k</c> over the rows that saw it; a row that is null lies beyond the
    /// end.
    /// </summary>
    public static void BackwardInput<T>(float** dy, int kernel, float* weight, float* dx, int count)
        where T : struct, ILanes<T> => Forward<T>(dy, kernel, weight, null, dx, count);

    /// <summary>Adds one row's share to the gradients: <c>dw_k += dy x_k</c>, <c>db += dy</c>; either may be null.</summary>
    public static void BackwardWeight<T>(float** taps, int kernel, float* dy, float* dweight, float* dbias, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T d = RowKernel.Load<T>(dy + i, left);
            if (dbias != null)
                RowKernel.Store(RowKernel.Load<T>(dbias + i, left) + d, dbias + i, left);
            if (dweight == null)
                continue;
            float* w = dweight + (long)(i / Panel) * kernel * Panel + i % Panel;
            for (int k = 0; k < kernel; k++, w += Panel)
            {
                if (taps[k] != null)
                    T.Store(T.MultiplyAdd(d, RowKernel.Load<T>(taps[k] + i, left), T.Load(w)), w);
            }
        }
    }
}
