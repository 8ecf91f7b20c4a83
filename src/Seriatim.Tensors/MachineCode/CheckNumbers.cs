namespace Seriatim.Tensors;

/// <summary>
/// Numbers that look random, for checks when the program starts: a few lines that are compiled at once, where the system's
/// generator takes longer to start than the checks take.
/// </summary>
internal sealed class CheckNumbers(uint seed)
{
    private uint _state = seed;

    /// <summary>24 bits.</summary>
    public int Next()
    {
        _state = _state * 1664525 + 1013904223;
        return (int)(_state >> 8);
    }

    /// <summary>Any bytes.</summary>
    public byte[] Bytes(int count)
    {
        byte[] values = new byte[count];
        for (int i = 0; i < count; i++)
            values[i] = (byte)(Next() >> 8);
        return values;
    }

    /// <summary>Integers of both signs, far within what products add up to.</summary>
    public int[] Integers(int count)
    {
        int[] values = new int[count];
        for (int i = 0; i < count; i++)
            values[i] = Next() % 200_000 - 100_000;
        return values;
    }

    /// <summary>Numbers from -1 to 1.</summary>
    public float[] Floats(int count)
    {
        float[] values = new float[count];
        for (int i = 0; i < count; i++)
            values[i] = Next() / (float)(1 << 23) - 1;
        return values;
    }
}
