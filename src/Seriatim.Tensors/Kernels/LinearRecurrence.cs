namespace Seriatim.Tensors;

/// <summary>
/// Some rows of one head of a linear recurrence, for up to <see cref="Block"/> of its values:
/// <c>S = a S + k vᵀ</c>, <c>o = q S</c>, row by row in sequence. Values are in lanes; a tile of the state stays in registers
/// over all rows, and the sum over keys goes from tile to tile through o, so that it is k = 0, 1, 2, ... whatever the tile.
/// </summary>
/// <remarks>
/// An element of the state takes one multiplication and one fused multiply-add a row, its share of the output another one. So
/// bits depend neither on tiles nor on where rows are cut. Steps may be negative: then time runs backwards.
/// </remarks>
internal static unsafe class LinearRecurrence
{
    /// <summary>Values of a piece of work.</summary>
    public const int Block = 32;

    /// <summary>Rows over which a tile stays in registers at most: what they read and write stays in the first cache.</summary>
    public const int Run = 64;

    private const int WideKeys = 8;
    private const int NarrowKeys = 4;
    private const int Lanes = 16;

    /// <summary>Where the rows lie: of each operand the first row, and how far the next one is.</summary>
    public struct Rows
    {
        public float* Q, K, V, O, A;
        public long QStep, KStep, VStep, OStep, AStep;
        public int Count;

        /// <summary>The rows from another on.</summary>
        public readonly Rows From(int row, int count) => this with
        {
            Q = Q + row * QStep,
            K = K + row * KStep,
            V = V + row * VStep,
            O = O + row * OStep,
            A = A + row * AStep,
            Count = count,
        };

        /// <summary>The same for keys and values further on.</summary>
        internal readonly Rows At(int key, int value) => this with { Q = Q + key, K = K + key, V = V + value, O = O + value };
    }

    /// <summary>Where a state lies, <c>[keys, values]</c>.</summary>
    /// <param name="data">Its first element; null: all zeros, or not wanted.</param>
    /// <param name="step">Elements from key to key.</param>
    public readonly struct State(float* data, long step)
    {
        public float* Data { get; } = data;

        public long Step { get; } = step;

        internal State At(int key, int value) => Data == null ? default : new State(Data + key * Step + value, Step);
    }

    /// <summary>Goes from one state to the other, which may be the same.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="from">The state before them.</param>
    /// <param name="to">Where the state after them goes.</param>
    /// <param name="keys">Keys of the state.</param>
    /// <param name="values">Values of it, at most <see cref="Block"/>.</param>
    public static void Forward<T>(in Rows rows, State from, State to, int keys, int values)
        where T : struct, ILanes<T>
    {
        int wide = 0;
        if (T.Vectors == LaneWidth.Bits512 && values == Block)
        {
            for (; wide + WideKeys <= keys; wide += WideKeys)
                Wide<T>(rows.At(wide, 0), from.At(wide, 0), to.At(wide, 0), wide == 0);
        }

        for (int value = 0; value < values; value += Lanes)
        {
            int key = wide;
            if (values - value >= Lanes)
            {
                for (; key + NarrowKeys <= keys; key += NarrowKeys)
                    Narrow<T>(rows.At(key, value), from.At(key, value), to.At(key, value), key == 0);
            }

            for (; key < keys; key++)
                One<T>(rows.At(key, value), from.At(key, value), to.At(key, value), key == 0, values - value);
        }
    }

    /// <summary>Eight keys, 32 values: sixteen of the 32 registers hold the state.</summary>
    private static void Wide<T>(Rows r, State from, State to, bool first)
        where T : struct, ILanes<T>
    {
        T s00 = Load<T>(from, 0, 0), s01 = Load<T>(from, 0, 16), s10 = Load<T>(from, 1, 0), s11 = Load<T>(from, 1, 16);
        T s20 = Load<T>(from, 2, 0), s21 = Load<T>(from, 2, 16), s30 = Load<T>(from, 3, 0), s31 = Load<T>(from, 3, 16);
        T s40 = Load<T>(from, 4, 0), s41 = Load<T>(from, 4, 16), s50 = Load<T>(from, 5, 0), s51 = Load<T>(from, 5, 16);
        T s60 = Load<T>(from, 6, 0), s61 = Load<T>(from, 6, 16), s70 = Load<T>(from, 7, 0), s71 = Load<T>(from, 7, 16);
        float* q = r.Q, k = r.K, v = r.V, o = r.O, a = r.A;
        for (int row = 0; row < r.Count; row++)
        {
            T decay = T.Broadcast(*a), v0 = T.Load(v), v1 = T.Load(v + 16);
            T o0 = first ? T.Broadcast(0f) : T.Load(o), o1 = first ? T.Broadcast(0f) : T.Load(o + 16);
            T key = T.Broadcast(k[0]), query = T.Broadcast(q[0]);
            (s00, s01) = (T.MultiplyAdd(key, v0, s00 * decay), T.MultiplyAdd(key, v1, s01 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s00, o0), T.MultiplyAdd(query, s01, o1));
            (key, query) = (T.Broadcast(k[1]), T.Broadcast(q[1]));
            (s10, s11) = (T.MultiplyAdd(key, v0, s10 * decay), T.MultiplyAdd(key, v1, s11 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s10, o0), T.MultiplyAdd(query, s11, o1));
            (key, query) = (T.Broadcast(k[2]), T.Broadcast(q[2]));
            (s20, s21) = (T.MultiplyAdd(key, v0, s20 * decay), T.MultiplyAdd(key, v1, s21 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s20, o0), T.MultiplyAdd(query, s21, o1));
            (key, query) = (T.Broadcast(k[3]), T.Broadcast(q[3]));
            (s30, s31) = (T.MultiplyAdd(key, v0, s30 * decay), T.MultiplyAdd(key, v1, s31 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s30, o0), T.MultiplyAdd(query, s31, o1));
            (key, query) = (T.Broadcast(k[4]), T.Broadcast(q[4]));
            (s40, s41) = (T.MultiplyAdd(key, v0, s40 * decay), T.MultiplyAdd(key, v1, s41 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s40, o0), T.MultiplyAdd(query, s41, o1));
            (key, query) = (T.Broadcast(k[5]), T.Broadcast(q[5]));
            (s50, s51) = (T.MultiplyAdd(key, v0, s50 * decay), T.MultiplyAdd(key, v1, s51 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s50, o0), T.MultiplyAdd(query, s51, o1));
            (key, query) = (T.Broadcast(k[6]), T.Broadcast(q[6]));
            (s60, s61) = (T.MultiplyAdd(key, v0, s60 * decay), T.MultiplyAdd(key, v1, s61 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s60, o0), T.MultiplyAdd(query, s61, o1));
            (key, query) = (T.Broadcast(k[7]), T.Broadcast(q[7]));
            (s70, s71) = (T.MultiplyAdd(key, v0, s70 * decay), T.MultiplyAdd(key, v1, s71 * decay));
            (o0, o1) = (T.MultiplyAdd(query, s70, o0), T.MultiplyAdd(query, s71, o1));
            T.Store(o0, o);
            T.Store(o1, o + 16);
            q += r.QStep;
            k += r.KStep;
            v += r.VStep;
            o += r.OStep;
            a += r.AStep;
        }

        if (to.Data == null)
            return;
        Store(to, 0, s00, s01);
        Store(to, 1, s10, s11);
        Store(to, 2, s20, s21);
        Store(to, 3, s30, s31);
        Store(to, 4, s40, s41);
        Store(to, 5, s50, s51);
        Store(to, 6, s60, s61);
        Store(to, 7, s70, s71);
    }

    /// <summary>Four keys, 16 values: as much as 16 registers of 256 bits hold.</summary>
    private static void Narrow<T>(Rows r, State from, State to, bool first)
        where T : struct, ILanes<T>
    {
        T s0 = Load<T>(from, 0, 0), s1 = Load<T>(from, 1, 0), s2 = Load<T>(from, 2, 0), s3 = Load<T>(from, 3, 0);
        float* q = r.Q, k = r.K, v = r.V, o = r.O, a = r.A;
        for (int row = 0; row < r.Count; row++)
        {
            T decay = T.Broadcast(*a), value = T.Load(v), sum = first ? T.Broadcast(0f) : T.Load(o);
            s0 = T.MultiplyAdd(T.Broadcast(k[0]), value, s0 * decay);
            sum = T.MultiplyAdd(T.Broadcast(q[0]), s0, sum);
            s1 = T.MultiplyAdd(T.Broadcast(k[1]), value, s1 * decay);
            sum = T.MultiplyAdd(T.Broadcast(q[1]), s1, sum);
            s2 = T.MultiplyAdd(T.Broadcast(k[2]), value, s2 * decay);
            sum = T.MultiplyAdd(T.Broadcast(q[2]), s2, sum);
            s3 = T.MultiplyAdd(T.Broadcast(k[3]), value, s3 * decay);
            sum = T.MultiplyAdd(T.Broadcast(q[3]), s3, sum);
            T.Store(sum, o);
            q += r.QStep;
            k += r.KStep;
            v += r.VStep;
            o += r.OStep;
            a += r.AStep;
        }

        if (to.Data == null)
            return;
        T.Store(s0, to.Data);
        T.Store(s1, to.Data + to.Step);
        T.Store(s2, to.Data + 2 * to.Step);
        T.Store(s3, to.Data + 3 * to.Step);
    }

    /// <summary>One key, up to 16 values: what is left over.</summary>
    private static void One<T>(Rows r, State from, State to, bool first, int count)
        where T : struct, ILanes<T>
    {
        T zero = T.Broadcast(0f);
        T s = from.Data == null ? zero : RowKernel.Load<T>(from.Data, count);
        float* q = r.Q, k = r.K, v = r.V, o = r.O, a = r.A;
        for (int row = 0; row < r.Count; row++)
        {
            s = T.MultiplyAdd(T.Broadcast(*k), RowKernel.Load<T>(v, count), s * T.Broadcast(*a));
            RowKernel.Store(T.MultiplyAdd(T.Broadcast(*q), s, first ? zero : RowKernel.Load<T>(o, count)), o, count);
            q += r.QStep;
            k += r.KStep;
            v += r.VStep;
            o += r.OStep;
            a += r.AStep;
        }

        if (to.Data != null)
            RowKernel.Store(s, to.Data, count);
    }

    private static T Load<T>(State from, int key, int value)
        where T : struct, ILanes<T> =>
        from.Data == null ? T.Broadcast(0f) : T.Load(from.Data + key * from.Step + value);

    private static void Store<T>(State to, int key, T first, T second)
        where T : struct, ILanes<T>
    {
        T.Store(first, to.Data + key * to.Step);
        T.Store(second, to.Data + key * to.Step + 16);
    }
}
