namespace Seriatim.Tensors;

/// <summary>
/// <c>b[n, h, r] = argmax [x_nh W_hr, -x_nh W_hr]</c>, the first of equals: the bucket of each row, head and round, whole numbers
/// from 0 (Kitaev et al., 2020: Reformer, section 2). With factors f1, f2, ... each takes directions of its own:
/// <c>b = b1 + f1 b2 + ...</c>. No gradient goes through a choice.
/// </summary>
/// <remarks>
/// Shapes: x [N, H·D], W [H, D, R, directions], b [N, H·R]; rows of no range have 0. Nothing is saved. Directions lie in lanes,
/// sums go over D in sequence.
/// </remarks>
internal readonly unsafe struct HashBucketsOp(Tensor x, HashRotations rotations, IReadOnlyList<HashRange> ranges)
    : IOp<HashBucketsOp>
{
    public static string Name => "HashBuckets";

    public OpPart Part => OpPart.Attention;

    public int Results => 1;

    public IDisposable? Held => null;

    public (int Rows, int Columns) Shape(int result) => (x.Rows, rotations.Heads * rotations.Rounds);

    public void Check()
    {
        OpShapes.RequireColumns(x, rotations.Heads * rotations.HeadDim, Name, "x",
            $"{rotations.Heads} heads x {rotations.HeadDim}");
        foreach (HashRange range in ranges)
        {
            ShapeMismatchException.Require(range.FirstRow >= 0 && range.Rows >= 0 && range.Rows <= x.Rows - range.FirstRow, Name,
                "a range", $"rows {range.FirstRow} to {(long)range.FirstRow + range.Rows}", $"within the {x.Rows} of x");
            long directions = 0, buckets = 1;
            foreach (int factor in range.Factors)
            {
                ShapeMismatchException.Require(factor > 0 && factor % 2 == 0, Name, "a number of buckets", $"{factor}",
                    $"an even number from 2 on");
                (directions, buckets) = (directions + factor / 2, buckets * factor);
            }

            ShapeMismatchException.Require(directions > 0 && directions <= rotations.Directions, Name,
                "the directions of a range", $"{directions}", $"1 to the {rotations.Directions} of the rotations");
            ShapeMismatchException.Require(buckets <= 1 << 24, Name, "the number of buckets", $"{buckets}",
                $"at most {1 << 24}, which F32 can tell apart");
        }
    }

    public void Forward<T>(WorkerTeam team, ReadOnlySpan<Tensor> results)
        where T : struct, ILanes<T>
    {
        results[0].Span.Clear();
        foreach (HashRange range in ranges)
        {
            fixed (float* values = rotations.Values)
            {
                var work = new Kernel<T>(x, results[0], rotations, range, values, team);
                team.Run(range.Rows, ref work, (long)range.Rows * rotations.Values.Length);
            }
        }
    }

    public void Reference(ReadOnlySpan<Tensor> results)
    {
        results[0].Span.Clear();
        double[] sums = new double[rotations.Directions];
        foreach (HashRange range in ranges)
        {
            for (int at = 0; at < range.Rows * rotations.Heads * rotations.Rounds; at++)
            {
                (int row, int column) = int.DivRem(at, rotations.Heads * rotations.Rounds);
                (int head, int round) = int.DivRem(column, rotations.Rounds);
                Array.Clear(sums);
                for (int d = 0; d < rotations.HeadDim; d++)
                {
                    ReadOnlySpan<float> directions = rotations.Of(head, d)[(round * rotations.Directions)..];
                    float value = x.Row(range.FirstRow + row)[head * rotations.HeadDim + d];
                    for (int i = 0; i < sums.Length; i++)
                        sums[i] += (double)value * directions[i];
                }

                results[0].Row(range.FirstRow + row)[column] = BucketOf(sums, range.Factors);
            }
        }
    }

    public HashBucketsOp Recorded() => this;

    public void Show(OpView to) => to.Operand("x", x);

    public void Save(ReadOnlySpan<Tensor> results, SavedTensors saved)
    {
    }

    /// <summary>A bucket does not change with a row, but where it jumps.</summary>
    public void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients)
    {
    }

    private static int BucketOf<TNumber>(ReadOnlySpan<TNumber> sums, IReadOnlyList<int> factors)
        where TNumber : System.Numerics.INumber<TNumber>
    {
        (int bucket, int first, int product) = (0, 0, 1);
        foreach (int factor in factors)
        {
            int half = factor / 2;
            int best = 0;
            for (int i = 1; i < factor; i++)
            {
                if (Value(sums, first, half, i) > Value(sums, first, half, best))
                    best = i;
            }

            (bucket, first, product) = (bucket + product * best, first + half, product * factor);
        }

        return bucket;
    }

    private static TNumber Value<TNumber>(ReadOnlySpan<TNumber> sums, int first, int half, int i)
        where TNumber : System.Numerics.INumber<TNumber> => i < half ? sums[first + i] : -sums[first + i - half];

    private static int BucketOf(double[] sums, IReadOnlyList<int> factors) => BucketOf<double>(sums.AsSpan(), factors);

    /// <summary>One row of a range.</summary>
    private readonly struct Kernel<T>(
        Tensor x, Tensor y, HashRotations rotations, HashRange range, float* values, WorkerTeam team) : IWork
        where T : struct, ILanes<T>
    {
        private readonly float* _values = values;

        public void Do(int piece, int worker)
        {
            int row = range.FirstRow + piece;
            int directions = rotations.Directions;
            float* sums = team.ScratchOf(worker).Take(directions + 16);
            for (int head = 0; head < rotations.Heads; head++)
            {
                float* features = x.Floats + (long)row * x.Columns + head * rotations.HeadDim;
                for (int round = 0; round < rotations.Rounds; round++)
                {
                    long first = ((long)head * rotations.HeadDim * rotations.Rounds + round) * directions;
                    for (int i = 0; i < directions; i += 16)
                        T.Store(Sums(features, _values + first + i, directions - i), sums + i);
                    y.Floats[(long)row * y.Columns + head * rotations.Rounds + round] =
                        BucketOf<float>(new ReadOnlySpan<float>(sums, directions), range.Factors);
                }
            }
        }

        private T Sums(float* features, float* direction, int count)
        {
            T sum = T.Broadcast(0f);
            for (int d = 0; d < rotations.HeadDim; d++)
            {
                T along = RowKernel.Load<T>(direction + (long)d * rotations.Rounds * rotations.Directions, count);
                sum = T.MultiplyAdd(T.Broadcast(features[d]), along, sum);
            }

            return sum;
        }
    }
}

public static partial class OpsExtensions
{
    /// <summary>
    /// The bucket of each row, head and round: x <c>[N, H·D] → [N, H·R]</c>, whole numbers in F32; 0 for rows of no range.
    /// </summary>
    /// <param name="ops">The ops.</param>
    /// <param name="x">Rows.</param>
    /// <param name="rotations">The directions.</param>
    /// <param name="ranges">Which rows, and into how many buckets.</param>
    public static Tensor HashBuckets(this IOps ops, Tensor x, HashRotations rotations, IReadOnlyList<HashRange> ranges) =>
        ops.Run(new HashBucketsOp(x, rotations, ranges));
}
