namespace Seriatim.Tensors;

/// <summary>The features of <see cref="BatchNormOp"/>, 16 of them a piece, forward and backward; rows come in sequence.</summary>
internal unsafe struct BatchNormKernel<T> : IWork
    where T : struct, ILanes<T>
{
    public float* Y;  // y, or dx
    public float* Dy; // null: forward
    public float* DMean;
    public float* DVariance;
    public float* DScale; // null: not trained
    public float* DBias;  // null: not trained, or there is none
    private readonly float* _x;
    private readonly float* _mean;
    private readonly float* _variance;
    private readonly float* _scale;
    private readonly float* _bias;
    private readonly int _rows, _columns;
    private readonly float _epsilon;

    public BatchNormKernel(Tensor x, Tensor mean, Tensor variance, BatchNormWeight weight)
    {
        _x = x.Floats;
        _mean = mean.Floats;
        _variance = variance.Floats;
        _scale = weight.Scale.Data.Floats;
        _bias = weight.Bias is null ? null : weight.Bias.Data.Floats;
        (_rows, _columns, _epsilon) = (x.Rows, x.Columns, weight.Epsilon);
    }

    public readonly void Do(int piece, int worker)
    {
        int first = piece * 16, left = _columns - first;
        T mean = RowKernel.Load<T>(_mean + first, left), scale = RowKernel.Load<T>(_scale + first, left);
        T r = T.Broadcast(1f) / T.SquareRoot(RowKernel.Load<T>(_variance + first, left) + T.Broadcast(_epsilon));
        if (Dy == null)
            Forward(first, left, mean, r, scale);
        else
            Backward(first, left, mean, r, scale);
    }

    private readonly void Forward(int first, int left, T mean, T r, T scale)
    {
        T bias = _bias == null ? T.Broadcast(0f) : RowKernel.Load<T>(_bias + first, left);
        for (int n = 0; n < _rows; n++)
        {
            long at = (long)n * _columns + first;
            RowKernel.Store(T.MultiplyAdd((RowKernel.Load<T>(_x + at, left) - mean) * r, scale, bias), Y + at, left);
        }
    }

    private readonly void Backward(int first, int left, T mean, T r, T scale)
    {
        T factor = scale * r, sum = T.Broadcast(0f), products = T.Broadcast(0f);
        for (int n = 0; n < _rows; n++)
        {
            long at = (long)n * _columns + first;
            T d = RowKernel.Load<T>(Dy + at, left);
            RowKernel.Store(d * factor, Y + at, left);
            sum += d;
            products = T.MultiplyAdd(d, (RowKernel.Load<T>(_x + at, left) - mean) * r, products);
        }

        RowKernel.Store(T.Broadcast(-1f) * factor * sum, DMean + first, left);
        RowKernel.Store(T.Broadcast(-0.5f) * factor * r * products, DVariance + first, left);
        if (DScale != null)
            RowKernel.Store(RowKernel.Load<T>(DScale + first, left) + products, DScale + first, left);
        if (DBias != null)
            RowKernel.Store(RowKernel.Load<T>(DBias + first, left) + sum, DBias + first, left);
    }
}
