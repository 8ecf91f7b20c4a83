using Seriatim.Tensors;

namespace Seriatim.Simulation;

/// <summary>
/// Random numbers of a simulation (SplitMix64; Steele, Lea, Flood, 2014): the same for a seed on every machine. What is drawn for
/// one thing has a stream of its own, so that another policy meets the same requests and the same failures.
/// </summary>
/// <param name="seed">Seed of the run.</param>
/// <param name="stream">Number of the stream.</param>
internal sealed class Chance(ulong seed, ulong stream)
{
    private ulong _state = Mix(seed ^ Mix(stream));

    /// <summary>64 bits.</summary>
    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>A number in [0, 1).</summary>
    public double Share() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, count).</summary>
    public int Below(int count) => (int)(Share() * count);

    /// <summary>Exponential, as times between independent events are.</summary>
    public double Exponential(double mean) => -mean * PlainMath.Log(1 - Share());

    /// <summary>A length: exponential about a mean, at least 1 and at most four times the mean.</summary>
    public int Length(int mean) => mean <= 1 ? mean : Math.Clamp((int)Math.Round(Exponential(mean)), 1, 4 * mean);

    /// <summary>The number of trials up to the first that ends it: at least 1.</summary>
    public int Count(double mean)
    {
        int count = 1;
        while (mean > 1 && count < 1000 && Share() >= 1 / mean)
            count++;
        return count;
    }

    /// <summary>The finaliser of SplitMix64.</summary>
    public static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
