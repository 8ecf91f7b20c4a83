using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Generation;

/// <summary>
/// Draws from the softmax of logits by the Gumbel race: the highest <c>logit - log(-log u)</c> wins, u being each token's own
/// random number; equal scores: the smaller id.
/// </summary>
/// <remarks>
/// Two distributions that are drawn from with the same numbers agree as often as they can be made to without knowing each
/// other, up to a factor of two (Daliri, Musco and Suresh, 2025): a draft that uses the numbers of its step is accepted
/// exactly when it is what plain decoding chooses, and speculation changes no output.
/// <para>With many tokens, a bound that vectors compute in F32 (<c>-log u >= 1 - u</c>, so the score is at most
/// <c>logit - log(1 - u)</c>) tells which few scores have to be computed; they decide in double
/// precision, as they would without the bound.</para>
/// </remarks>
internal sealed class GumbelRace(int vocabulary)
{
    private const int Lanes = 8;
    private const int IdsPerCounter = 4;
    private const int Step = Lanes * IdsPerCounter;

    private readonly float[] _bounds = new float[(vocabulary + Step - 1) / Step * Step];

    /// <summary>The winner among listed candidates.</summary>
    public static int AmongFew(LogitsRow row, ReadOnlySpan<ulong> candidates)
    {
        const double MostNoise = 22.9;
        double best = double.NegativeInfinity;
        int winner = -1;
        foreach (ulong key in candidates)
        {
            int id = LogitsRow.IdOf(key);
            if (row.Values[id] + MostNoise >= best)
                Meet(row, id, ref best, ref winner);
        }

        return winner;
    }

    /// <summary>The winner among all ids that are not dropped.</summary>
    public int AmongAll(LogitsRow row)
    {
        int first = Bounds(row);
        double best = double.NegativeInfinity;
        int winner = -1;
        Meet(row, first, ref best, ref winner);
        // Far more than the rounding of the bounds: of a logarithm below 24 and of one addition.
        double margin = 1e-5 * (32 + Math.Abs(row.Values[first]));
        ReadOnlySpan<float> bounds = _bounds;
        for (int id = 0; id < bounds.Length; id += Lanes)
        {
            if (!Vector256.GreaterThanAny(Vector256.Create(bounds.Slice(id, Lanes)), Vector256.Create((float)(best - margin))))
                continue;
            for (int lane = id; lane < Math.Min(id + Lanes, row.Values.Length); lane++)
            {
                if (bounds[lane] >= best - margin)
                    Meet(row, lane, ref best, ref winner);
            }
        }

        return winner;
    }

    /// <summary>The random number of a candidate, and its score.</summary>
    public static (double Uniform, double Score) Roll(LogitsRow row, int id)
    {
        (uint a, uint b, uint c, uint d) = CounterRandom.Next(
            row.Seed, (uint)row.SequenceIndex, (uint)row.Step, CounterRandom.Choose, (uint)id / IdsPerCounter);
        uint own = (id % IdsPerCounter) switch { 0 => a, 1 => b, 2 => c, _ => d };
        double uniform = CounterRandom.Unit(own);
        return (uniform, row.Values[id] - PlainMath.Log(-PlainMath.Log(uniform)));
    }

    private static void Meet(LogitsRow row, int id, ref double best, ref int winner)
    {
        double score = Roll(row, id).Score;
        if (score > best || (score == best && id < winner))
            (best, winner) = (score, id);
    }

    /// <summary>Computes the bounds of all scores; returns the id of the highest.</summary>
    private int Bounds(LogitsRow row)
    {
        // The random bits first, in the memory of the bounds.
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(_bounds.AsSpan());
        for (int id = 0; id < bits.Length; id += Step)
        {
            CounterRandom.Next8(
                row.Seed, (uint)row.SequenceIndex, (uint)row.Step, CounterRandom.Choose, (uint)id / IdsPerCounter,
                bits.Slice(id, Step));
        }

        ReadOnlySpan<float> logits = row.Values;
        Span<float> bounds = _bounds;
        Vector256<float> most = Vector256.Create(float.NegativeInfinity);
        Vector256<int> at = Vector256<int>.Zero;
        int first = 0;
        for (; first + Lanes <= logits.Length; first += Lanes)
        {
            Vector256<float> bound = Bound(Vector256.Create(logits.Slice(first, Lanes)),
                Vector256.Create((ReadOnlySpan<uint>)bits.Slice(first, Lanes)));
            bound.CopyTo(bounds[first..]);
            Vector256<float> above = Vector256.GreaterThan(bound, most);
            most = Vector256.ConditionalSelect(above, bound, most);
            at = Vector256.ConditionalSelect(above.AsInt32(), Vector256.Create(first), at);
        }

        int best = 0;
        for (int lane = 1; lane < Lanes; lane++)
        {
            if (most[lane] > most[best])
                best = lane;
        }

        best += at[best];
        for (int id = first; id < bounds.Length; id++)
        {
            bounds[id] = id < logits.Length
                ? Bound(Vector256.Create(logits[id]), Vector256.Create(bits[id]))[0]
                : float.NegativeInfinity;
            if (bounds[id] > bounds[best])
                best = id;
        }

        return best;
    }

    /// <summary><c>logit - log(1 - u)</c> with <c>1 - u = (~bits + 1/2) / 2^32</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Bound(Vector256<float> logits, Vector256<uint> bits)
    {
        Vector256<float> rest = Vector256.ConvertToSingle(~bits) + Vector256.Create(0.5f);
        return logits - Vector256.Log(rest * Vector256.Create(1 / 4294967296f));
    }
}
