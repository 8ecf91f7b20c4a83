namespace Seriatim.Models;

/// <summary>How many buckets a sequence is hashed into.</summary>
public abstract record BucketRule
{
    private BucketRule()
    {
    }

    /// <summary>The even factors of the number of buckets of a sequence.</summary>
    /// <param name="rows">Its rows, filled up.</param>
    /// <param name="chunk">Rows of a chunk.</param>
    internal abstract IReadOnlyList<int> For(int rows, int chunk);

    /// <summary>Directions that the largest number of buckets needs.</summary>
    /// <param name="chunk">Rows of a chunk.</param>
    /// <param name="filled">What sequences are filled up to a multiple of.</param>
    internal abstract int Directions(int chunk, int filled);

    /// <summary>Always the same.</summary>
    /// <param name="Factors">Even numbers whose product it is.</param>
    public sealed record Fixed(IReadOnlyList<int> Factors) : BucketRule
    {
        internal override IReadOnlyList<int> For(int rows, int chunk) => Factors;

        internal override int Directions(int chunk, int filled) => Factors.Sum() / 2;
    }

    /// <summary>
    /// By the length of the sequence: the largest power of two up to two buckets a chunk, in two factors if it is large (the rule
    /// of the reference, which asks the first sequence of a model and keeps to it for all others; here each has its own).
    /// </summary>
    /// <param name="MostRows">Positions of the longest sequence.</param>
    public sealed record ByLength(int MostRows) : BucketRule
    {
        internal override IReadOnlyList<int> For(int rows, int chunk) => OfPower(Power(rows, chunk), chunk);

        internal override int Directions(int chunk, int filled) =>
            Enumerable.Range(1, Math.Max(1, Power(MostRows + filled, chunk))).Max(power => OfPower(power, chunk).Sum() / 2);

        private static int Power(int rows, int chunk) => System.Numerics.BitOperations.Log2((uint)(2 * (rows / chunk)));

        private int[] OfPower(int power, int chunk)
        {
            int limit = 2 * Math.Max((int)Math.Sqrt(MostRows / chunk), chunk);
            return 1 << power > limit ? [1 << power / 2, 1 << (power - power / 2)] : [1 << power];
        }
    }
}
