namespace Seriatim.Tensors;

/// <summary>
/// One row of one block of channels of a selective scan: channels in lanes, states in sequence. Rates and states of 16 channels
/// lie together, <c>[channels / 16][S][16]</c>, so that a row walks through both in order and a state in a slot is streamed.
/// </summary>
/// <remarks>
/// Rates are <c>A log2 e</c>, so that the decay of a step is one power of two. It is that power that bounds the kernel: some 13
/// of the 17 operations of a state. The states of a block stay in the nearest cache from row to row; loading and storing them costs
/// nothing beside the power.
/// </remarks>
internal static unsafe class SelectiveScan
{
    /// <summary>Channels of a block, a piece of work: the rows of operands are then read four lines at a time.</summary>
    public const int Block = 64;

    /// <summary>Channels of a block of the backward pass: one panel of the rates' parameter.</summary>
    public const int BackwardBlock = Panel;

    private const int Panel = 32;
    private const float Log2E = 1.4426950408889634f;
    private const float Ln2 = 0.6931471805599453f;

    /// <summary>Features of a state: whole vectors of channels.</summary>
    public static int StateWidth(int channels, int states) => checked((channels + 15) / 16 * 16 * states);

    /// <summary>The rates of a block, <c>-exp(A_log) log2 e</c>, from the panels it begins with.</summary>
    public static void Rates<T>(float* logRates, float* rates, int states, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            float* from = logRates + (long)(i / Panel) * states * Panel + i % Panel;
            for (int n = 0; n < states; n++, from += Panel, rates += 16)
                T.Store(LaneMath<T>.Exp(T.Load(from)) * T.Broadcast(-Log2E), rates);
        }
    }

    /// <summary>
    /// <c>h_n = 2^(dt rate_n) h_n + (dt x) B_n</c>, <c>y = D x + Σ_n C_n h_n</c>, n = 0, 1, 2, ...; the states may be replaced in
    /// place.
    /// </summary>
    public static void Forward<T>(
        float* x, float* dt, float* b, float* c, float* rates, float* skip, float* before, float* after, float* y, int states,
        int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T step = RowKernel.Load<T>(dt + i, left), input = RowKernel.Load<T>(x + i, left);
            T scaled = step * input, sum = RowKernel.Load<T>(skip + i, left) * input;
            for (int n = 0; n < states; n++, rates += 16, before += 16, after += 16)
            {
                T decay = LaneMath<T>.Exp2(step * T.Load(rates));
                T h = T.MultiplyAdd(decay, T.Load(before), scaled * T.Broadcast(b[n]));
                T.Store(h, after);
                sum = T.MultiplyAdd(T.Broadcast(c[n]), h, sum);
            }

            RowKernel.Store(sum, y + i, left);
        }
    }

    /// <summary>The states of <see cref="Forward"/> without its outputs, and the decays.</summary>
    public static void Advance<T>(
        float* x, float* dt, float* b, float* rates, float* before, float* after, float* decays, int states, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T step = RowKernel.Load<T>(dt + i, left);
            T scaled = step * RowKernel.Load<T>(x + i, left);
            for (int n = 0; n < states; n++, rates += 16, before += 16, after += 16, decays += 16)
            {
                T decay = LaneMath<T>.Exp2(step * T.Load(rates));
                T.Store(decay, decays);
                T.Store(T.MultiplyAdd(decay, T.Load(before), scaled * T.Broadcast(b[n])), after);
            }
        }
    }

    /// <summary>
    /// One row backwards: with <c>g = carry + C dy</c>, the gradient of a state, adds to the sums of B and C (16 lanes a state),
    /// of the rates and of D, gives dx and d(dt), and leaves in carry what the row hands down.
    /// </summary>
    public static void Backward<T>(in ScanRow row, in ScanSums sums, int states, int count)
        where T : struct, ILanes<T>
    {
        long at = 0;
        for (int i = 0; i < count; i += 16)
        {
            int left = count - i;
            T step = RowKernel.Load<T>(row.Dt + i, left), input = RowKernel.Load<T>(row.X + i, left);
            T dy = RowKernel.Load<T>(row.Dy + i, left), scaled = step * input;
            T ofScaled = T.Broadcast(0f), ofStep = T.Broadcast(0f);
            for (int n = 0; n < states; n++, at += 16)
            {
                T g = T.MultiplyAdd(T.Broadcast(row.C[n]), dy, T.Load(sums.Carry + at));
                T.Store(T.MultiplyAdd(dy, T.Load(row.After + at), T.Load(sums.C + 16 * n)), sums.C + 16 * n);
                T.Store(T.MultiplyAdd(g, scaled, T.Load(sums.B + 16 * n)), sums.B + 16 * n);
                ofScaled = T.MultiplyAdd(g, T.Broadcast(row.B[n]), ofScaled);
                T handed = g * T.Load(row.Decays + at);
                T.Store(handed, sums.Carry + at);
                T ofPower = handed * T.Load(row.Before + at);
                ofStep = T.MultiplyAdd(ofPower, T.Load(row.Rates + at), ofStep);
                T.Store(T.MultiplyAdd(ofPower, step, T.Load(sums.Rates + at)), sums.Rates + at);
            }

            RowKernel.Store(T.MultiplyAdd(ofScaled, step, RowKernel.Load<T>(row.Skip + i, left) * dy), row.Dx + i, left);
            RowKernel.Store(T.MultiplyAdd(ofScaled, input, ofStep * T.Broadcast(Ln2)), row.Ddt + i, left);
            T.Store(T.MultiplyAdd(dy, input, T.Load(sums.Skip + i)), sums.Skip + i);
        }
    }

    /// <summary>Adds the sums of a block to the gradient of A_log, whose factor is A itself.</summary>
    public static void AddRates<T>(float* rates, float* sums, float* gradient, int states, int count)
        where T : struct, ILanes<T>
    {
        for (int i = 0; i < count; i += 16)
        {
            float* to = gradient + (long)(i / Panel) * states * Panel + i % Panel;
            for (int n = 0; n < states; n++, to += Panel, rates += 16, sums += 16)
                T.Store(T.MultiplyAdd(T.Load(sums), T.Load(rates) * T.Broadcast(Ln2), T.Load(to)), to);
        }
    }

    /// <summary>Folds 16 lanes of each state, and begins the next sums.</summary>
    public static void Fold<T>(float* lanes, float* to, int states)
        where T : struct, ILanes<T>
    {
        for (int n = 0; n < states; n++)
        {
            to[n] = T.Sum(T.Load(lanes + 16 * n));
            T.Store(T.Broadcast(0f), lanes + 16 * n);
        }
    }
}

/// <summary>What a row of a scan is made of, and where its gradients go: a block of channels each.</summary>
internal unsafe struct ScanRow
{
    public float* X, Dt, B, C, Skip, Rates, Before, After, Decays, Dy, Dx, Ddt;
}

/// <summary>What rows of a scan add to on the way back.</summary>
internal unsafe struct ScanSums
{
    public float* Carry, B, C, Rates, Skip;
}

/// <summary>A block of channels, and where its numbers lie: rates, states, and on the way back decays and checkpoints.</summary>
internal unsafe struct ScanBlock
{
    public int Channel, Count, Width;
    public float* Rates, States, Decays, Checkpoints;
}
