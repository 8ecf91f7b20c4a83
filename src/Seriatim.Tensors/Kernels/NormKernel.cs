using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>The rows of <see cref="NormOp"/>, forward and backward, 16 features at a time.</summary>
internal unsafe struct NormKernel<T> : IWork
    where T : struct, ILanes<T>
{
    public float* X;
    public float* Y;  // y, or dx
    public float* Dy; // null: forward
    public float* Scale;
    public float* Bias;
    public float* Moments; // [Rows][2]: mean and 1 / deviation, kept for the parameters' gradients
    public int Rows, Width, PerPiece;
    public float Offset, Epsilon;
    public bool Layer;

    public static NormKernel<T> For(Tensor x, Tensor y, Tensor? dy, NormWeight weight, int width) => new()
    {
        X = x.Floats,
        Y = y.Floats,
        Dy = dy is null ? null : dy.Floats,
        Scale = weight.Scale is null ? null : weight.Scale.Data.Floats,
        Bias = weight.Bias is null ? null : weight.Bias.Data.Floats,
        Rows = (int)(x.Length / width),
        Width = width,
        PerPiece = RowKernel.RowsPerPiece(width),
        Offset = weight.Offset,
        Epsilon = weight.Epsilon,
        Layer = weight.Kind == NormKind.Layer,
    };

    public readonly void Do(int piece, int worker)
    {
        for (int row = piece * PerPiece; row < Math.Min(Rows, (piece + 1) * PerPiece); row++)
        {
            float* x = X + (long)row * Width;
            float mean = Layer ? SumOf(x) / Width : 0;
            float r = 1 / MathF.Sqrt(Squares(x, mean) / Width + Epsilon);
            if (Dy == null)
            {
                Forward(x, Y + (long)row * Width, mean, r);
            }
            else
            {
                Moments[2 * row] = mean;
                Moments[2 * row + 1] = r;
                Backward(x, Dy + (long)row * Width, Y + (long)row * Width, mean, r);
            }
        }
    }

    private readonly float SumOf(float* x)
    {
        T sum = T.Broadcast(0f);
        int i = 0;
        for (; i + 16 <= Width; i += 16)
            sum += T.Load(x + i);
        if (i < Width)
            sum += RowKernel.Load<T>(x + i, Width - i);
        return T.Sum(sum);
    }

    private readonly float Squares(float* x, float mean)
    {
        T sum = T.Broadcast(0f);
        T center = T.Broadcast(mean);
        int i = 0;
        for (; i + 16 <= Width; i += 16)
        {
            T value = T.Load(x + i) - center;
            sum = T.MultiplyAdd(value, value, sum);
        }

        if (i < Width)
        {
            // Lanes beyond the row must count as the mean, not as 0.
            T inside = T.Less(T.Count(i), T.Broadcast(Width));
            T value = T.And(inside, RowKernel.Load<T>(x + i, Width - i) - center);
            sum = T.MultiplyAdd(value, value, sum);
        }

        return T.Sum(sum);
    }

    private readonly void Forward(float* x, float* y, float mean, float r)
    {
        T center = T.Broadcast(mean), reciprocal = T.Broadcast(r);
        int i = 0;
        if (Bias == null && Scale != null)
        {
            for (; i + 16 <= Width; i += 16)
                T.Store((T.Load(x + i) - center) * reciprocal * Whole(i), y + i);
        }
        else
        {
            for (; i + 16 <= Width; i += 16)
            {
                T h = (T.Load(x + i) - center) * reciprocal;
                if (Scale != null)
                    h *= Whole(i);
                T.Store(Bias == null ? h : h + T.Load(Bias + i), y + i);
            }
        }

        if (i < Width)
            Rest(x, y, i, center, reciprocal);
    }

    /// <summary>The last features, fewer than 16.</summary>
    private readonly void Rest(float* x, float* y, int i, T center, T reciprocal)
    {
        int left = Width - i;
        T h = (RowKernel.Load<T>(x + i, left) - center) * reciprocal;
        if (Scale != null)
            h *= Factor(i, left);
        if (Bias != null)
            h += RowKernel.Load<T>(Bias + i, left);
        RowKernel.Store(h, y + i, left);
    }

    private readonly void Backward(float* x, float* dy, float* dx, float mean, float r)
    {
        T center = T.Broadcast(mean);
        T reciprocal = T.Broadcast(r);
        T sumG = T.Broadcast(0f);
        T sumGh = T.Broadcast(0f);
        for (int i = 0; i < Width; i += 16)
        {
            T g = Gradient(dy, i);
            T h = (RowKernel.Load<T>(x + i, Width - i) - center) * reciprocal;
            sumG += g;
            sumGh = T.MultiplyAdd(g, h, sumGh); // lanes beyond the row have g = 0
        }

        T meanG = T.Broadcast(Layer ? T.Sum(sumG) / Width : 0);
        T meanGh = T.Broadcast(T.Sum(sumGh) / Width);
        for (int i = 0; i < Width; i += 16)
        {
            T g = Gradient(dy, i);
            T h = (RowKernel.Load<T>(x + i, Width - i) - center) * reciprocal;
            RowKernel.Store(reciprocal * (g - h * meanGh - meanG), dx + i, Width - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T Gradient(float* dy, int i)
    {
        T g = RowKernel.Load<T>(dy + i, Width - i);
        return Scale == null ? g : g * Factor(i, Width - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T Whole(int i) => Offset == 0 ? T.Load(Scale + i) : T.Load(Scale + i) + T.Broadcast(Offset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly T Factor(int i, int left)
    {
        T scale = RowKernel.Load<T>(Scale + i, left);
        return Offset == 0 ? scale : scale + T.Broadcast(Offset);
    }

    /// <summary>Gradients of factor and bias: 64 features a piece, whole lines of a row side by side; rows in sequence.</summary>
    public struct ParameterWork : IWork
    {
        public NormKernel<T> Kernel;
        public float* Scale;
        public float* Bias;

        /// <summary>Features of a piece.</summary>
        public const int Group = 64;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * Group;
            if (first + Group <= Kernel.Width)
            {
                DoGroup(first);
                return;
            }

            for (int i = first; i < Kernel.Width; i += 16)
                DoLanes(i);
        }

        private readonly void DoGroup(int i)
        {
            T scale0 = Start(Scale, i), scale1 = Start(Scale, i + 16), scale2 = Start(Scale, i + 32),
                scale3 = Start(Scale, i + 48);
            T bias0 = Start(Bias, i), bias1 = Start(Bias, i + 16), bias2 = Start(Bias, i + 32), bias3 = Start(Bias, i + 48);
            for (int row = 0; row < Kernel.Rows; row++)
            {
                float* dy = Kernel.Dy + (long)row * Kernel.Width + i;
                float* x = Kernel.X + (long)row * Kernel.Width + i;
                T mean = T.Broadcast(Kernel.Moments[2 * row]), reciprocal = T.Broadcast(Kernel.Moments[2 * row + 1]);
                T dy0 = T.Load(dy), dy1 = T.Load(dy + 16), dy2 = T.Load(dy + 32), dy3 = T.Load(dy + 48);
                scale0 = T.MultiplyAdd(dy0, (T.Load(x) - mean) * reciprocal, scale0);
                scale1 = T.MultiplyAdd(dy1, (T.Load(x + 16) - mean) * reciprocal, scale1);
                scale2 = T.MultiplyAdd(dy2, (T.Load(x + 32) - mean) * reciprocal, scale2);
                scale3 = T.MultiplyAdd(dy3, (T.Load(x + 48) - mean) * reciprocal, scale3);
                (bias0, bias1, bias2, bias3) = (bias0 + dy0, bias1 + dy1, bias2 + dy2, bias3 + dy3);
            }

            End(scale0, scale1, scale2, scale3, Scale, i);
            End(bias0, bias1, bias2, bias3, Bias, i);
        }

        private static T Start(float* from, int i) => from == null ? T.Broadcast(0f) : T.Load(from + i);

        private static void End(T a, T b, T c, T d, float* to, int i)
        {
            if (to == null)
                return;
            T.Store(a, to + i);
            T.Store(b, to + i + 16);
            T.Store(c, to + i + 32);
            T.Store(d, to + i + 48);
        }

        private readonly void DoLanes(int i)
        {
            int left = Kernel.Width - i;
            T scale = Scale == null ? T.Broadcast(0f) : RowKernel.Load<T>(Scale + i, left);
            T bias = Bias == null ? T.Broadcast(0f) : RowKernel.Load<T>(Bias + i, left);
            for (int row = 0; row < Kernel.Rows; row++)
            {
                T dy = RowKernel.Load<T>(Kernel.Dy + (long)row * Kernel.Width + i, left);
                T x = RowKernel.Load<T>(Kernel.X + (long)row * Kernel.Width + i, left);
                T h = (x - T.Broadcast(Kernel.Moments[2 * row])) * T.Broadcast(Kernel.Moments[2 * row + 1]);
                scale = T.MultiplyAdd(dy, h, scale);
                bias += dy;
            }

            if (Scale != null)
                RowKernel.Store(scale, Scale + i, left);
            if (Bias != null)
                RowKernel.Store(bias, Bias + i, left);
        }
    }
}
