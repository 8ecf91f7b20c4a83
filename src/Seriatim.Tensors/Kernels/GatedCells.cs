namespace Seriatim.Tensors;

/// <summary>Where the operands of one row of a gated scan lie, forwards. Gates lie side by side, W features each.</summary>
internal unsafe struct GatedCellForward
{
    /// <summary>What the input gives to the gates, and the state before.</summary>
    public float* X, Product;

    /// <summary>The state before: h, and c if the cell has one; c null for zeros.</summary>
    public float* Before, CellBefore;

    /// <summary>The new h, and what <see cref="IGatedCell.Records"/> says.</summary>
    public float* H, Record;
}

/// <summary>The same backwards.</summary>
internal unsafe struct GatedCellBackward
{
    /// <summary>The gradient that reaches h from outside, and what the row left behind.</summary>
    public float* Dy, Record;

    /// <summary>The state before: h, and c if the cell has one; null for zeros.</summary>
    public float* Before, CellBefore;

    /// <summary>
    /// In: the gradients that later rows hand down to h and c. Out: what this row hands down, to h without what goes through the
    /// product.
    /// </summary>
    public float* CarryH, CarryC;

    /// <summary>The gradients of what the input and the product give to the gates; one memory if they are equal.</summary>
    public float* Dx, Dproduct;
}

/// <summary>A cell: features in lanes.</summary>
internal unsafe interface IGatedCell
{
    /// <summary>Gates: blocks of W features that input and product give.</summary>
    static abstract int Gates { get; }

    /// <summary>Blocks of W features of a state.</summary>
    static abstract int Parts { get; }

    /// <summary>Blocks of W features that a row leaves for the backward pass; c is the last one, if there is one.</summary>
    static abstract int Records { get; }

    /// <summary>Whether the gradients of input and product are equal.</summary>
    static abstract bool IsSum { get; }

    static abstract void Forward<T>(in GatedCellForward row, int width)
        where T : struct, ILanes<T>;

    static abstract void Backward<T>(in GatedCellBackward row, int width)
        where T : struct, ILanes<T>;
}

/// <summary>Gates i, f, g, o; a row leaves them, and c.</summary>
internal readonly unsafe struct LstmCell : IGatedCell
{
    public static int Gates => 4;

    public static int Parts => 2;

    public static int Records => 5;

    public static bool IsSum => true;

    public static void Forward<T>(in GatedCellForward row, int width)
        where T : struct, ILanes<T>
    {
        float* x = row.X, p = row.Product, record = row.Record;
        for (int k = 0; k < width; k += 16)
        {
            int left = width - k;
            T i = LaneMath<T>.Sigmoid(RowKernel.Load<T>(x + k, left) + RowKernel.Load<T>(p + k, left));
            T f = LaneMath<T>.Sigmoid(RowKernel.Load<T>(x + width + k, left) + RowKernel.Load<T>(p + width + k, left));
            T g = LaneMath<T>.Tanh(RowKernel.Load<T>(x + 2 * width + k, left) + RowKernel.Load<T>(p + 2 * width + k, left));
            T o = LaneMath<T>.Sigmoid(RowKernel.Load<T>(x + 3 * width + k, left) + RowKernel.Load<T>(p + 3 * width + k, left));
            T before = row.CellBefore == null ? T.Broadcast(0f) : RowKernel.Load<T>(row.CellBefore + k, left);
            T c = T.MultiplyAdd(f, before, i * g);
            RowKernel.Store(i, record + k, left);
            RowKernel.Store(f, record + width + k, left);
            RowKernel.Store(g, record + 2 * width + k, left);
            RowKernel.Store(o, record + 3 * width + k, left);
            RowKernel.Store(c, record + 4 * width + k, left);
            RowKernel.Store(o * LaneMath<T>.Tanh(c), row.H + k, left);
        }
    }

    public static void Backward<T>(in GatedCellBackward row, int width)
        where T : struct, ILanes<T>
    {
        T one = T.Broadcast(1f);
        for (int k = 0; k < width; k += 16)
        {
            int left = width - k;
            T i = RowKernel.Load<T>(row.Record + k, left), f = RowKernel.Load<T>(row.Record + width + k, left);
            T g = RowKernel.Load<T>(row.Record + 2 * width + k, left), o = RowKernel.Load<T>(row.Record + 3 * width + k, left);
            T t = LaneMath<T>.Tanh(RowKernel.Load<T>(row.Record + 4 * width + k, left));
            T before = row.CellBefore == null ? T.Broadcast(0f) : RowKernel.Load<T>(row.CellBefore + k, left);
            T dh = RowKernel.Load<T>(row.Dy + k, left) + RowKernel.Load<T>(row.CarryH + k, left);
            T dc = T.MultiplyAdd(dh * o, one - t * t, RowKernel.Load<T>(row.CarryC + k, left));
            RowKernel.Store(dc * g * i * (one - i), row.Dx + k, left);
            RowKernel.Store(dc * before * f * (one - f), row.Dx + width + k, left);
            RowKernel.Store(dc * i * (one - g * g), row.Dx + 2 * width + k, left);
            RowKernel.Store(dh * t * o * (one - o), row.Dx + 3 * width + k, left);
            RowKernel.Store(dc * f, row.CarryC + k, left);
            RowKernel.Store(T.Broadcast(0f), row.CarryH + k, left);
        }
    }
}

/// <summary>Gates r, z, n; a row leaves them, and what the product gave to n.</summary>
internal readonly unsafe struct GruCell : IGatedCell
{
    public static int Gates => 3;

    public static int Parts => 1;

    public static int Records => 4;

    public static bool IsSum => false;

    public static void Forward<T>(in GatedCellForward row, int width)
        where T : struct, ILanes<T>
    {
        float* x = row.X, p = row.Product, record = row.Record;
        for (int k = 0; k < width; k += 16)
        {
            int left = width - k;
            T r = LaneMath<T>.Sigmoid(RowKernel.Load<T>(x + k, left) + RowKernel.Load<T>(p + k, left));
            T z = LaneMath<T>.Sigmoid(RowKernel.Load<T>(x + width + k, left) + RowKernel.Load<T>(p + width + k, left));
            T recurrent = RowKernel.Load<T>(p + 2 * width + k, left);
            T n = LaneMath<T>.Tanh(T.MultiplyAdd(r, recurrent, RowKernel.Load<T>(x + 2 * width + k, left)));
            RowKernel.Store(r, record + k, left);
            RowKernel.Store(z, record + width + k, left);
            RowKernel.Store(n, record + 2 * width + k, left);
            RowKernel.Store(recurrent, record + 3 * width + k, left);
            RowKernel.Store(T.MultiplyAdd(z, RowKernel.Load<T>(row.Before + k, left) - n, n), row.H + k, left);
        }
    }

    public static void Backward<T>(in GatedCellBackward row, int width)
        where T : struct, ILanes<T>
    {
        T one = T.Broadcast(1f);
        for (int k = 0; k < width; k += 16)
        {
            int left = width - k;
            T r = RowKernel.Load<T>(row.Record + k, left), z = RowKernel.Load<T>(row.Record + width + k, left);
            T n = RowKernel.Load<T>(row.Record + 2 * width + k, left);
            T recurrent = RowKernel.Load<T>(row.Record + 3 * width + k, left);
            T before = row.Before == null ? T.Broadcast(0f) : RowKernel.Load<T>(row.Before + k, left);
            T dh = RowKernel.Load<T>(row.Dy + k, left) + RowKernel.Load<T>(row.CarryH + k, left);
            T dn = dh * (one - z) * (one - n * n);
            T dr = dn * recurrent * r * (one - r);
            T dz = dh * (before - n) * z * (one - z);
            RowKernel.Store(dr, row.Dx + k, left);
            RowKernel.Store(dz, row.Dx + width + k, left);
            RowKernel.Store(dn, row.Dx + 2 * width + k, left);
            RowKernel.Store(dr, row.Dproduct + k, left);
            RowKernel.Store(dz, row.Dproduct + width + k, left);
            RowKernel.Store(dn * r, row.Dproduct + 2 * width + k, left);
            RowKernel.Store(dh * z, row.CarryH + k, left);
        }
    }
}
