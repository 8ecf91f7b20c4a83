namespace Seriatim.Tensors;

/// <summary>Rows whose features belong to heads, and one number of each head.</summary>
internal static unsafe class HeadKernel
{
    /// <summary>Columns of a piece of <see cref="AddRows{T}"/>.</summary>
    public const int Columns = 64;

    /// <summary><c>y_h = s_h x_h</c> for each head.</summary>
    public static void Scale<T>(float* x, float* scales, float* y, int heads, int width)
        where T : struct, ILanes<T>
    {
        for (int head = 0; head < heads; head++, x += width, y += width)
        {
            T scale = T.Broadcast(scales[head]);
            for (int i = 0; i < width; i += 16)
                RowKernel.Store(RowKernel.Load<T>(x + i, width - i) * scale, y + i, width - i);
        }
    }

    /// <summary><c>y_h = a_h + s_h x_h</c> for each head.</summary>
    public static void AddScaled<T>(float* a, float* x, float* scales, float* y, int heads, int width)
        where T : struct, ILanes<T>
    {
        for (int head = 0; head < heads; head++, a += width, x += width, y += width)
        {
            T scale = T.Broadcast(scales[head]);
            for (int i = 0; i < width; i += 16)
            {
                int left = width - i;
                RowKernel.Store(
                    T.MultiplyAdd(RowKernel.Load<T>(x + i, left), scale, RowKernel.Load<T>(a + i, left)), y + i, left);
            }
        }
    }

    /// <summary><c>s_h = x_h · y_h</c> for each head.</summary>
    public static void Dot<T>(float* x, float* y, float* sums, int heads, int width)
        where T : struct, ILanes<T>
    {
        for (int head = 0; head < heads; head++, x += width, y += width)
        {
            T sum = T.Broadcast(0f);
            for (int i = 0; i < width; i += 16)
                sum = T.MultiplyAdd(RowKernel.Load<T>(x + i, width - i), RowKernel.Load<T>(y + i, width - i), sum);
            sums[head] = T.Sum(sum);
        }
    }

    /// <summary>Adds rows to one, in order: some of their columns.</summary>
    /// <param name="rows">The first row's.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="step">Elements from row to row.</param>
    /// <param name="sum">What they are added to.</param>
    /// <param name="columns">How many columns.</param>
    public static void AddRows<T>(float* rows, int count, int step, float* sum, int columns)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < columns; i += 16)
        {
            int left = columns - i;
            T value = RowKernel.Load<T>(sum + i, left);
            for (int row = 0; row < count; row++)
                value += RowKernel.Load<T>(rows + (long)row * step + i, left);
            RowKernel.Store(value, sum + i, left);
        }
    }

    /// <summary>
    /// Steps of heads before their activation: <c>dt = min(max(softplus(u + b), low), high)</c>, and <c>dt r</c> with the
    /// rates r.
    /// </summary>
    public static void Steps<T>(in StepRow row, int heads)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < heads; i += 16)
        {
            int left = heads - i;
            T free = ActivationFunctions<T>.Softplus.Value(
                RowKernel.Load<T>(row.Raw + i, left) + RowKernel.Load<T>(row.Bias + i, left));
            T steps = T.Min(T.Broadcast(row.High), T.Max(T.Broadcast(row.Low), free));
            RowKernel.Store(steps, row.Steps + i, left);
            RowKernel.Store(steps * RowKernel.Load<T>(row.Rates + i, left), row.Logs + i, left);
        }
    }

    /// <summary>
    /// The gradient of u from that of the steps: <c>du = σ(u + b) ddt</c>; none where a limit holds.
    /// </summary>
    public static void StepsBackward<T>(in StepRow row, float* dSteps, float* dRaw, int heads)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < heads; i += 16)
        {
            int left = heads - i;
            T u = RowKernel.Load<T>(row.Raw + i, left) + RowKernel.Load<T>(row.Bias + i, left);
            T free = ActivationFunctions<T>.Softplus.Value(u);
            T slope = ActivationFunctions<T>.Softplus.Slope(u) * RowKernel.Load<T>(dSteps + i, left);
            T held = T.Or(T.Less(free, T.Broadcast(row.Low)), T.Less(T.Broadcast(row.High), free));
            RowKernel.Store(T.Select(held, T.Broadcast(0f), slope), dRaw + i, left);
        }
    }

    /// <summary>One row of steps, <c>[H]</c> each.</summary>
    public struct StepRow
    {
        public float* Raw, Bias, Rates, Steps, Logs;
        public float Low, High;
    }

    /// <summary><c>r = -exp(a)</c>.</summary>
    public static void Rates<T>(float* logs, float* rates, int heads)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < heads; i += 16)
        {
            T value = LaneMath<T>.Exp(RowKernel.Load<T>(logs + i, heads - i));
            RowKernel.Store(T.Xor(value, T.Broadcast(-0f)), rates + i, heads - i);
        }
    }
}
