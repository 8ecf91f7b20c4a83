using System.Runtime.CompilerServices;

namespace Seriatim.Generation;

/// <summary>Numbers of units, one for each kind of memory: pages, pages of cross-attention, states.</summary>
internal struct MemoryUnits
{
    /// <summary>Kinds there may be: models have two or three.</summary>
    public const int MostKinds = 16;

    private Counts _counts;

    public int this[int kind]
    {
        readonly get => _counts[kind];
        set => _counts[kind] = value;
    }

    /// <summary>Whether there is nothing of any kind.</summary>
    public readonly bool IsNone
    {
        get
        {
            for (int kind = 0; kind < MostKinds; kind++)
            {
                if (_counts[kind] != 0)
                    return false;
            }

            return true;
        }
    }

    public static MemoryUnits operator +(MemoryUnits a, in MemoryUnits b)
    {
        for (int kind = 0; kind < MostKinds; kind++)
            a._counts[kind] += b._counts[kind];
        return a;
    }

    public static MemoryUnits operator -(MemoryUnits a, in MemoryUnits b)
    {
        for (int kind = 0; kind < MostKinds; kind++)
            a._counts[kind] -= b._counts[kind];
        return a;
    }

    /// <summary>The smaller number of each kind.</summary>
    public static MemoryUnits Min(MemoryUnits a, in MemoryUnits b)
    {
        for (int kind = 0; kind < MostKinds; kind++)
            a._counts[kind] = Math.Min(a._counts[kind], b._counts[kind]);
        return a;
    }

    /// <summary>Whether there is enough of every kind.</summary>
    public readonly bool Covers(in MemoryUnits needed)
    {
        for (int kind = 0; kind < MostKinds; kind++)
        {
            // What is not asked for may be short: it is somebody else's want.
            if (needed._counts[kind] > 0 && needed._counts[kind] > _counts[kind])
                return false;
        }

        return true;
    }

    [InlineArray(MostKinds)]
    private struct Counts
    {
        private int _first;
    }
}
