using System.Numerics;

namespace Seriatim.Generation;

/// <summary>A set of bytes.</summary>
internal struct ByteSet
{
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    public readonly int Count => BitOperations.PopCount(_a) + BitOperations.PopCount(_b) + BitOperations.PopCount(_c)
        + BitOperations.PopCount(_d);

    /// <summary>One bit for each four bytes that follow one another, if one of them is in the set.</summary>
    public ulong Quarters { readonly get; private set; }

    public static ulong QuarterOf(byte value) => 1ul << (value >> 2);

    public readonly bool Contains(byte value) => ((value >> 6) switch { 0 => _a, 1 => _b, 2 => _c, _ => _d } >> value & 1) != 0;

    public readonly bool Overlaps(in ByteSet other) =>
        (_a & other._a | _b & other._b | _c & other._c | _d & other._d) != 0;

    public void Add(byte value)
    {
        Quarters |= QuarterOf(value);
        ulong bit = 1ul << value;
        switch (value >> 6)
        {
            case 0: _a |= bit; break;
            case 1: _b |= bit; break;
            case 2: _c |= bit; break;
            default: _d |= bit; break;
        }
    }

    public void Add(in ByteSet other)
    {
        (_a, _b, _c, _d) = (_a | other._a, _b | other._b, _c | other._c, _d | other._d);
        Quarters |= other.Quarters;
    }
}
