namespace Seriatim.Tensors;

/// <summary>
/// Some rows of one head of a gated delta rule, for up to 16 of its values: <c>S = a S</c>, <c>u = β (v - kᵀ S)</c>,
/// <c>S = S + k uᵀ</c>, <c>o = qᵀ S</c>, row by row in sequence. Values are in lanes, and each has its own
/// column of the state, so no lane knows another.
/// </summary>
/// <remarks>
/// Sums over keys go k = 0, 1, 2, ... with fused multiply-adds. What a row does follows from its operands and the state alone, so
/// bits do not depend on where rows are cut.
/// </remarks>
internal static unsafe class DeltaRule
{
    /// <summary>Values of a piece of work.</summary>
    public const int Block = 16;

    /// <summary>Where the rows lie: of each operand the first row, and how far the next one is.</summary>
    public struct Rows
    {
        public float* Q, K, V, O, A, B;
        public long QStep, KStep, VStep, OStep, AStep, BStep;
        public int Count;

        /// <summary>The rows from another on.</summary>
        public readonly Rows From(int row, int count) => this with
        {
            Q = Q + row * QStep,
            K = K + row * KStep,
            V = V + row * VStep,
            O = O == null ? null : O + row * OStep,
            A = A + row * AStep,
            B = B + row * BStep,
            Count = count,
        };
    }

    /// <summary>Takes a state through the rows.</summary>
    /// <param name="r">The rows; without O, outputs are not wanted.</param>
    /// <param name="state">The state, <c>[keys][16]</c>, before and after.</param>
    /// <param name="keys">Keys of the state.</param>
    /// <param name="values">Values of it, at most <see cref="Block"/>.</param>
    public static void Forward<T>(Rows r, float* state, int keys, int values)
        where T : struct, ILanes<T>
    {
        for (int row = 0; row < r.Count; row++)
        {
            T u = Step<T>(r, state, keys, values, out _);
            T o = T.Broadcast(0f);
            for (int i = 0; i < keys; i++)
            {
                T s = T.MultiplyAdd(T.Broadcast(r.K[i]), u, T.Load(state + i * Block));
                T.Store(s, state + i * Block);
                o = T.MultiplyAdd(T.Broadcast(r.Q[i]), s, o);
            }

            if (r.O != null)
                RowKernel.Store(o, r.O, values);
            r = r.From(1, r.Count);
        }
    }

    /// <summary>
    /// The first half of a row: the state fades, and u is what it lacks of the value; r is what it has of it.
    /// </summary>
    public static T Step<T>(in Rows rows, float* state, int keys, int values, out T r)
        where T : struct, ILanes<T>
    {
        T decay = T.Broadcast(*rows.A);
        r = T.Broadcast(0f);
        for (int i = 0; i < keys; i++)
        {
            T s = T.Load(state + i * Block) * decay;
            T.Store(s, state + i * Block);
            r = T.MultiplyAdd(T.Broadcast(rows.K[i]), s, r);
        }

        return (RowKernel.Load<T>(rows.V, values) - r) * T.Broadcast(*rows.B);
    }

    /// <summary>What the gradient of a row needs of its past, and where its results go.</summary>
    public struct Gradient
    {
        /// <summary>The row's operands; O is unused.</summary>
        public Rows Row;

        /// <summary>The state before it, <c>[keys][16]</c>.</summary>
        public float* Before;

        /// <summary>The gradient of the state after it, which becomes that of the state before it.</summary>
        public float* State;

        /// <summary>The gradient of its output.</summary>
        public float* DO;

        /// <summary>Where the gradients of q and k are added, and of the values put.</summary>
        public float* DQ, DK, DV;

        /// <summary>Where those of β and of the logarithm of a are added.</summary>
        public float* DB, DLog;
    }

    /// <summary>
    /// Backward in time: with <c>dS += q doᵀ</c>: <c>dq = S do</c>, <c>du = dSᵀ k</c>, <c>dk = dS u + S' dr</c> with S'
    /// the faded state, <c>dβ = du · (v - r)</c>, <c>dv = β du = -dr</c>, <c>dS' = dS + k drᵀ</c>,
    /// <c>d log a = dS' ∘ S'</c>, <c>dS = a dS'</c>.
    /// </summary>
    public static void Backward<T>(Gradient g, float* faded, int keys, int values)
        where T : struct, ILanes<T>
    {
        Rows row = g.Row;
        new ReadOnlySpan<float>(g.Before, keys * Block).CopyTo(new Span<float>(faded, keys * Block));
        T u = Step<T>(row, faded, keys, values, out T r);
        T dO = RowKernel.Load<T>(g.DO, values), du = T.Broadcast(0f), beta = T.Broadcast(*row.B);
        for (int i = 0; i < keys; i++)
        {
            T k = T.Broadcast(row.K[i]);
            T after = T.MultiplyAdd(k, u, T.Load(faded + i * Block));
            T dS = T.MultiplyAdd(T.Broadcast(row.Q[i]), dO, T.Load(g.State + i * Block));
            T.Store(dS, g.State + i * Block);
            g.DQ[i] += T.Sum(after * dO);
            g.DK[i] += T.Sum(dS * u);
            du = T.MultiplyAdd(k, dS, du);
        }

        T dv = du * beta;
        *g.DB += T.Sum(du * (RowKernel.Load<T>(row.V, values) - r));
        RowKernel.Store(dv, g.DV, values);
        T dr = T.Broadcast(0f) - dv, decay = T.Broadcast(*row.A), dLog = T.Broadcast(0f);
        for (int i = 0; i < keys; i++)
        {
            T s = T.Load(faded + i * Block);
            T dFaded = T.MultiplyAdd(T.Broadcast(row.K[i]), dr, T.Load(g.State + i * Block));
            g.DK[i] += T.Sum(s * dr);
            dLog = T.MultiplyAdd(dFaded, s, dLog);
            T.Store(dFaded * decay, g.State + i * Block);
        }

        *g.DLog += T.Sum(dLog);
    }
}
