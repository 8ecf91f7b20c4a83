using System.Numerics;

namespace Seriatim.Lab;

/// <summary>
/// Attention as the formula is written: the scores of all queries and keys in memory, their softmax, the sum over values; and its
/// gradient from the weights that were kept. What tiled attention is compared with.
/// </summary>
/// <remarks>One sequence, all keys seen. Rows are <c>[N, D]</c> of each head, one head after the other.</remarks>
internal sealed class MaterialisedAttention
{
    private const int Rows = 4;
    private readonly int _length;
    private readonly int _heads;
    private readonly int _size;
    private readonly ParallelOptions _threads;
    private readonly float[] _weights;
    private readonly float[] _slopes;
    private readonly float[] _turned;

    /// <summary>Takes the memory.</summary>
    /// <param name="length">Rows, N.</param>
    /// <param name="heads">Heads, H.</param>
    /// <param name="size">Features of a head, D: a multiple of the vector's width.</param>
    /// <param name="threads">Threads.</param>
    public MaterialisedAttention(int length, int heads, int size, int threads)
    {
        (_length, _heads, _size) = (length, heads, size);
        _threads = new ParallelOptions { MaxDegreeOfParallelism = threads };
        _weights = Take((long)heads * length * length);
        _slopes = Take((long)length * length);
        _turned = Take((long)length * size);
    }

    /// <summary>Bytes of what grows with N beside operands and results: scores of all heads, and their gradient of one.</summary>
    public long Bytes { get; private set; }

    /// <summary>Of these, what a forward pass alone needs.</summary>
    public long ForwardBytes => 4L * (_weights.Length + _turned.Length);

    /// <summary><c>y = softmax(q kᵀ / sqrt(D)) v</c>.</summary>
    public void Forward(float[] q, float[] k, float[] v, float[] y)
    {
        float scale = 1 / MathF.Sqrt(_size);
        for (int head = 0; head < _heads; head++)
        {
            Span<float> Part(float[] all) => all.AsSpan(head * _length * _size, _length * _size);
            Memory<float> weights = _weights.AsMemory(head * _length * _length, _length * _length);
            Turn(Part(k));
            Product(Part(q), _turned, weights.Span, _size, _length, isTurned: false);
            SoftMax(weights, scale);
            Product(weights.Span, Part(v), Part(y), _length, _size, isTurned: false);
        }
    }

    /// <summary>The gradients of q, k and v, from the weights of the last <see cref="Forward"/>.</summary>
    public void Backward(Operands x, float[] y, float[] dy, Operands gradients)
    {
        float scale = 1 / MathF.Sqrt(_size);
        for (int head = 0; head < _heads; head++)
        {
            Span<float> Part(float[] all) => all.AsSpan(head * _length * _size, _length * _size);
            Memory<float> weights = _weights.AsMemory(head * _length * _length, _length * _length);
            Turn(Part(x.V));
            Product(Part(dy), _turned, _slopes, _size, _length, isTurned: false);
            Product(weights.Span, Part(dy), Part(gradients.V), _length, _size, isTurned: true);
            Slopes(weights, y, dy, head * _length * _size, scale);
            Product(_slopes, Part(x.K), Part(gradients.Q), _length, _size, isTurned: false);
            Product(_slopes, Part(x.Q), Part(gradients.K), _length, _size, isTurned: true);
        }
    }

    /// <summary>In place: <c>exp(scale (s - max)) / sum</c> of each row.</summary>
    private void SoftMax(Memory<float> scores, float scale) => Parallel.For(0, _length, _threads, row =>
    {
        Span<float> s = scores.Span.Slice(row * _length, _length);
        var most = new Vector<float>(float.NegativeInfinity);
        for (int i = 0; i < s.Length; i += Vector<float>.Count)
            most = Vector.Max(most, new Vector<float>(s[i..]));
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Vector<float>.Count; lane++)
            max = MathF.Max(max, most[lane]);
        Vector<float> sums = Vector<float>.Zero;
        for (int i = 0; i < s.Length; i += Vector<float>.Count)
        {
            Vector<float> e = Vector.Exp((new Vector<float>(s[i..]) - new Vector<float>(max)) * scale);
            e.CopyTo(s[i..]);
            sums += e;
        }

        float share = 1 / Vector.Sum(sums);
        for (int i = 0; i < s.Length; i += Vector<float>.Count)
            (new Vector<float>(s[i..]) * share).CopyTo(s[i..]);
    });

    /// <summary><c>ds = scale p (dp - dy·y)</c>, in the place of dp.</summary>
    private void Slopes(Memory<float> weights, float[] y, float[] dy, int first, float scale) => Parallel.For(0, _length,
        _threads, row =>
    {
        float delta = 0;
        for (int i = 0; i < _size; i++)
            delta += y[first + row * _size + i] * dy[first + row * _size + i];
        ReadOnlySpan<float> p = weights.Span.Slice(row * _length, _length);
        Span<float> dp = _slopes.AsSpan(row * _length, _length);
        for (int i = 0; i < dp.Length; i += Vector<float>.Count)
            (new Vector<float>(p[i..]) * (new Vector<float>(dp[i..]) - new Vector<float>(delta)) * scale).CopyTo(dp[i..]);
    });

    /// <summary>Keys or values with their features as rows.</summary>
    private void Turn(ReadOnlySpan<float> rows)
    {
        for (int row = 0; row < _length; row++)
        {
            for (int i = 0; i < _size; i++)
                _turned[i * _length + row] = rows[row * _size + i];
        }
    }

    /// <summary><c>c = a b</c>, or <c>aᵀ b</c>: a [N, inner] (turned: [inner, N]), b [inner, columns], c [N, columns].</summary>
    private unsafe void Product(ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int inner, int columns,
        bool isTurned)
    {
        (int rowStep, int step) = isTurned ? (1, _length) : (inner, 1);
        fixed (float* left = a, right = b, result = c)
        {
            (nint l, nint r, nint o) = ((nint)left, (nint)right, (nint)result);
            Parallel.For(0, _length / Rows, _threads, block =>
            {
                float* x = (float*)l + (long)block * Rows * rowStep;
                for (int column = 0; column < columns; column += 2 * Vector<float>.Count)
                    Tile(x, rowStep, step, (float*)r + column, (float*)o + (long)block * Rows * columns + column, inner, columns);
            });
        }
    }

    /// <summary>Four rows by two vectors, in registers.</summary>
    private static unsafe void Tile(float* a, int rowStep, int step, float* b, float* c, int inner, int columns)
    {
        int lanes = Vector<float>.Count;
        Vector<float> c00 = default, c01 = default, c10 = default, c11 = default;
        Vector<float> c20 = default, c21 = default, c30 = default, c31 = default;
        for (int i = 0; i < inner; i++, a += step, b += columns)
        {
            Vector<float> b0 = Vector.Load(b), b1 = Vector.Load(b + lanes);
            var x = new Vector<float>(a[0]);
            (c00, c01) = (Vector.FusedMultiplyAdd(x, b0, c00), Vector.FusedMultiplyAdd(x, b1, c01));
            x = new Vector<float>(a[rowStep]);
            (c10, c11) = (Vector.FusedMultiplyAdd(x, b0, c10), Vector.FusedMultiplyAdd(x, b1, c11));
            x = new Vector<float>(a[2 * rowStep]);
            (c20, c21) = (Vector.FusedMultiplyAdd(x, b0, c20), Vector.FusedMultiplyAdd(x, b1, c21));
            x = new Vector<float>(a[3 * rowStep]);
            (c30, c31) = (Vector.FusedMultiplyAdd(x, b0, c30), Vector.FusedMultiplyAdd(x, b1, c31));
        }

        Vector.Store(c00, c);
        Vector.Store(c01, c + lanes);
        Vector.Store(c10, c + columns);
        Vector.Store(c11, c + columns + lanes);
        Vector.Store(c20, c + 2 * columns);
        Vector.Store(c21, c + 2 * columns + lanes);
        Vector.Store(c30, c + 3 * columns);
        Vector.Store(c31, c + 3 * columns + lanes);
    }

    private float[] Take(long count)
    {
        Bytes += 4 * count;
        return GC.AllocateUninitializedArray<float>(checked((int)count));
    }

    /// <summary>Queries, keys and values, or their gradients.</summary>
    internal sealed record Operands(float[] Q, float[] K, float[] V);
}
