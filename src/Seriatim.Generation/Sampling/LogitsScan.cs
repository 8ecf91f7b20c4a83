using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Generation;

/// <summary>Passes over all logits of a row, 8 at a time on every machine, so that sums have one order.</summary>
internal static class LogitsScan
{
    private const int Lanes = 8;

    /// <summary>The greatest logit, or negative infinity; false if a logit is not a number or positive infinity.</summary>
    public static bool TryMax(ReadOnlySpan<float> logits, out float max)
    {
        Vector256<float> most = Vector256.Create(float.NegativeInfinity), infinity = Vector256.Create(float.PositiveInfinity);
        Vector256<float> fine = Vector256<float>.AllBitsSet;
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            Vector256<float> eight = Vector256.Create(logits.Slice(id, Lanes));
            fine &= Vector256.LessThan(eight, infinity);
            most = Vector256.ConditionalSelect(Vector256.GreaterThan(eight, most), eight, most);
        }

        bool ok = Vector256.EqualsAll(fine.AsInt32(), Vector256<int>.AllBitsSet);
        max = float.NegativeInfinity;
        for (int lane = 0; lane < Lanes; lane++)
            max = Math.Max(max, most[lane]);
        for (; id < logits.Length; id++)
        {
            ok &= logits[id] < float.PositiveInfinity;
            max = Math.Max(max, logits[id]);
        }

        return ok;
    }

    /// <summary>Log-probabilities: <c>logit - total</c> in doubles, rounded once.</summary>
    public static void Logprobs(ReadOnlySpan<float> logits, double total, Span<float> logprobs)
    {
        Vector256<double> totals = Vector256.Create(total);
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(Vector256.Create(logits.Slice(id, Lanes)));
            Vector256.Narrow(low - totals, high - totals).CopyTo(logprobs[id..]);
        }

        for (; id < logits.Length; id++)
            logprobs[id] = (float)(logits[id] - total);
    }

    /// <summary>
    /// The first place from <paramref name="id"/> on whose number is not at most another one; the length: there is none.
    /// </summary>
    public static int NextAbove(ReadOnlySpan<float> logits, int id, float least)
    {
        Vector256<float> border = Vector256.Create(least);
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            uint below = Vector256.LessThanOrEqual(Vector256.Create(logits.Slice(id, Lanes)), border)
                .ExtractMostSignificantBits();
            if (below != 0xFF)
                return id + BitOperations.TrailingZeroCount(~below);
        }

        while (id < logits.Length && logits[id] <= least)
            id++;
        return id;
    }

    /// <summary><c>Σ exp(logit - max)</c>; dropped logits count 0.</summary>
    public static double SumExp(ReadOnlySpan<float> logits, double max)
    {
        Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            (Vector256<double> a, Vector256<double> b) = Exp(Vector256.Create(logits.Slice(id, Lanes)), max);
            low += a;
            high += b;
        }

        if (id < logits.Length)
        {
            (Vector256<double> a, Vector256<double> b) = Exp(Last(logits[id..]), max);
            low += a;
            high += b;
        }

        return Vector256.Sum(low + high);
    }

    /// <summary>Writes <c>exp(logit - max)</c> of each logit and returns the sum, in the order of <see cref="SumExp"/>.</summary>
    public static double Weights(ReadOnlySpan<float> logits, double max, Span<double> weights)
    {
        Vector256<double> low = Vector256<double>.Zero, high = Vector256<double>.Zero;
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            (Vector256<double> a, Vector256<double> b) = Exp(Vector256.Create(logits.Slice(id, Lanes)), max);
            a.CopyTo(weights[id..]);
            b.CopyTo(weights[(id + 4)..]);
            low += a;
            high += b;
        }

        if (id < logits.Length)
        {
            (Vector256<double> a, Vector256<double> b) = Exp(Last(logits[id..]), max);
            for (int lane = 0; id + lane < logits.Length; lane++)
                weights[id + lane] = lane < 4 ? a[lane] : b[lane - 4];
            low += a;
            high += b;
        }

        return Vector256.Sum(low + high);
    }

    /// <summary>Drops logits below a number.</summary>
    public static void DropBelow(Span<float> logits, double least)
    {
        // The smallest float that is not below: comparing floats with it is comparing them with the number.
        float border = (float)least;
        if (border < least)
            border = MathF.BitIncrement(border);
        Vector256<float> borders = Vector256.Create(border), dropped = Vector256.Create(float.NegativeInfinity);
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            Vector256<float> eight = Vector256.Create((ReadOnlySpan<float>)logits.Slice(id, Lanes));
            Vector256.ConditionalSelect(Vector256.LessThan(eight, borders), dropped, eight).CopyTo(logits[id..]);
        }

        for (; id < logits.Length; id++)
        {
            if (logits[id] < border)
                logits[id] = float.NegativeInfinity;
        }
    }

    /// <summary>Drops the logits whose bit, after flipping, is not set; 64 at a time.</summary>
    public static void Keep(Span<float> logits, ReadOnlySpan<ulong> words, ulong flip)
    {
        for (int w = 0; w < words.Length; w++)
        {
            ulong word = words[w] ^ flip;
            if (word == ulong.MaxValue)
                continue;
            Span<float> some = logits.Slice(w * 64, Math.Min(64, logits.Length - w * 64));
            if (word == 0)
                some.Fill(float.NegativeInfinity);
            else
                Keep(some, word);
        }
    }

    private static void Keep(Span<float> logits, ulong word)
    {
        Vector256<int> bits = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        Vector256<float> dropped = Vector256.Create(float.NegativeInfinity);
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes, word >>= Lanes)
        {
            Vector256<float> kept = Vector256.Equals(Vector256.Create((int)(word & 0xFF)) & bits, bits).AsSingle();
            Vector256.ConditionalSelect(kept, Vector256.Create((ReadOnlySpan<float>)logits.Slice(id, Lanes)), dropped)
                .CopyTo(logits[id..]);
        }

        for (; id < logits.Length; id++, word >>= 1)
        {
            if ((word & 1) == 0)
                logits[id] = float.NegativeInfinity;
        }
    }

    /// <summary>
    /// The bucket of each logit, counted down from the best: equal parts of a range; what is below it goes into the last one.
    /// </summary>
    public static void Buckets(ReadOnlySpan<float> logits, float max, float range, int count, Span<int> buckets)
    {
        Vector256<float> best = Vector256.Create(max), scale = Vector256.Create(count / range),
            last = Vector256.Create(count - 1f);
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
            Bucket(Vector256.Create(logits.Slice(id, Lanes))).CopyTo(buckets[id..]);
        if (id < logits.Length)
        {
            Vector256<int> rest = Bucket(Last(logits[id..]));
            for (int lane = 0; id + lane < logits.Length; lane++)
                buckets[id + lane] = rest[lane];
        }

        Vector256<int> Bucket(Vector256<float> eight)
        {
            Vector256<float> place = (best - eight) * scale;
            return Vector256.ConvertToInt32(Vector256.ConditionalSelect(Vector256.LessThan(place, last), place, last));
        }
    }

    /// <summary>Drops logits of buckets beyond one.</summary>
    public static void DropAbove(Span<float> logits, ReadOnlySpan<int> buckets, int border)
    {
        Vector256<int> borders = Vector256.Create(border);
        Vector256<float> dropped = Vector256.Create(float.NegativeInfinity);
        int id = 0;
        for (; id + Lanes <= logits.Length; id += Lanes)
        {
            Vector256<float> beyond = Vector256.GreaterThan(Vector256.Create(buckets.Slice(id, Lanes)), borders).AsSingle();
            Vector256.ConditionalSelect(beyond, dropped, Vector256.Create((ReadOnlySpan<float>)logits.Slice(id, Lanes)))
                .CopyTo(logits[id..]);
        }

        for (; id < logits.Length; id++)
        {
            if (buckets[id] > border)
                logits[id] = float.NegativeInfinity;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector256<double> Low, Vector256<double> High) Exp(Vector256<float> logits, double max)
    {
        (Vector256<double> low, Vector256<double> high) = Vector256.Widen(logits);
        return (Vector256.Exp(low - Vector256.Create(max)), Vector256.Exp(high - Vector256.Create(max)));
    }

    private static Vector256<float> Last(ReadOnlySpan<float> logits)
    {
        Span<float> eight = stackalloc float[Lanes];
        eight.Fill(float.NegativeInfinity);
        logits.CopyTo(eight);
        return Vector256.Create((ReadOnlySpan<float>)eight);
    }
}
