namespace Seriatim.Training;

/// <summary>
/// Random numbers by counter: number i of a stream follows from (seed, stream, i) alone, so that nothing has to be saved and
/// nothing depends on threads or on what was drawn before. The mixing function is the
/// finalizer of SplitMix64 (Steele et al., 2014).
/// </summary>
/// <param name="seed">The seed.</param>
/// <param name="stream">Which of the seed's streams.</param>
public readonly struct CounterRandom(ulong seed, ulong stream)
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _key = Mix(seed + Golden * (1 + Mix(stream + Golden)));

    /// <summary>64 random bits.</summary>
    /// <param name="index">Number in the stream.</param>
    public ulong Bits(ulong index) => Mix(_key + (index + 1) * Golden);

    /// <summary>A number in [0, 1), a multiple of 2^-53.</summary>
    /// <param name="index">Number in the stream.</param>
    public double Uniform(ulong index) => (Bits(index) >> 11) * (1.0 / (1UL << 53));

    /// <summary>An integer from 0 to <paramref name="count"/> - 1.</summary>
    /// <param name="index">Number in the stream.</param>
    /// <param name="count">How many there are, at least 1.</param>
    public int Below(ulong index, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return (int)Math.BigMul(Bits(index), (ulong)count, out _);
    }

    /// <summary>Puts items in a random order (Fisher and Yates); uses the stream's numbers 0 to length - 2.</summary>
    /// <param name="items">The items.</param>
    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int other = Below((ulong)(items.Length - 1 - i), i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
