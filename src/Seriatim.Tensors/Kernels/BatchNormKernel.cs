namespace Seriatim.Tensors;

/// <summary>The features of <see cref="BatchNormOp"/>, 16 of them a piece, forward and backward; rows come in sequence.</summary>
internal unsafe struct BatchNormKernel<T> : IWork
    where T : struct, ILanes<T>
{
    public float* X;
    public float* Y;  // y, or dx
    public float* Mean;
    public float* Variance;
    public float* Scale;
    public float* Bias; // null: there is none
    public float* Dy;   // null: forward
    public float* DMean;
    public float* DVariance;
    public float* DScale; // null: not trained
    public float* DBias;  // null: not trained, or there is none
    public int Rows, Columns;
    public float Epsilon;

    public readonly void Do(int piece, int worker)
    {
        int first = piece * 16, left = Columns - first;
        T mean = RowKernel.Load<T>(Mean + first, left), scale = RowKernel.Load<T>(Scale + first, left);
        T r = T.Broadcast(1f) / T.SquareRoot(RowKernel.Load<T>(Variance + first, left) + T.Broadcast(Epsilon));
        if (Dy == null)
            Forward(first, left, mean, r, scale);
        else
            Backward(first, left, mean, r, scale);
    }

    private readonly void Forward(int first, int left, T mean, T r, T scale)
    {
        T bias = Bias == null ? T.Broadcast(0f) : RowKernel.Load<T>(Bias + first, left);
        for (int n = 0; n < Rows; n++)
        {
            long at = (long)n * Columns + first;
            RowKernel.Store(T.MultiplyAdd((RowKernel.Load<T>(X + at, left) - mean) * r, scale, bias), Y + at, left);
        }
    }

    private readonly void Backward(int first, int left, T mean, T r, T scale)
    {
        T factor = scale * r, sum = T.Broadcast(0f), products = T.Broadcast(0f);
        for (int n = 0; n < Rows; n++)
        {
            long at = (long)n * Columns + first;
            T d = RowKernel.Load<T>(Dy + at, left);
            RowKernel.Store(d * factor, Y + at, left);
            sum += d;
            products = T.MultiplyAdd(d, (RowKernel.Load<T>(X + at, left) - mean) * r, products);
        }

        RowKernel.Store(T.Broadcast(-1f) * factor * sum, DMean + first, left);
        RowKernel.Store(T.Broadcast(-0.5f) * factor * r * products, DVariance + first, left);
        if (DScale != null)
            RowKernel.Store(RowKernel.Load<T>(DScale + first, left) + products, DScale + first, left);
        if (DBias != null)
            RowKernel.Store(RowKernel.Load<T>(DBias + first, left) + sum, DBias + first, left);
    }
}
