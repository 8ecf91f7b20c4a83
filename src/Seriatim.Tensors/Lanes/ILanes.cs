namespace Seriatim.Tensors;

/// <summary>
/// Sixteen F32 lanes, however wide the machine's vectors are: the trait that kernels are written over, once. Every operation
/// is exactly rounded per lane and every fold uses the same tree, so the bits do not depend on the width.
/// </summary>
/// <remarks>
/// Comparisons give masks (all bits of a lane set or clear). Bit operations work on the lanes as 32-bit integers. A struct of
/// fewer lanes implements this too; <see cref="LanePair{T}"/> puts two of them together.
/// </remarks>
internal unsafe interface ILanes<T>
    where T : struct, ILanes<T>
{
    /// <summary>Number of lanes in one value: 16 for the kernels.</summary>
    static abstract int Width { get; }

    /// <summary>How wide the vectors are that it is made of.</summary>
    static abstract LaneWidth Vectors { get; }

    static abstract T Load(float* from);

    /// <summary>Widens <see cref="Width"/> binary16 values, exactly.</summary>
    static abstract T LoadHalf(ushort* from);

    /// <summary>Widens <see cref="Width"/> bfloat16 values, exactly.</summary>
    static abstract T LoadBFloat16(ushort* from);

    static abstract void Store(T value, float* to);

    static abstract T Broadcast(float value);

    /// <summary><c>first, first + 1, ...</c>, exact for integers.</summary>
    static abstract T Count(float first);

    static abstract T operator +(T a, T b);

    static abstract T operator -(T a, T b);

    static abstract T operator *(T a, T b);

    static abstract T operator /(T a, T b);

    /// <summary>Exactly rounded.</summary>
    static abstract T SquareRoot(T a);

    /// <summary><c>a · b + c</c>, rounded once.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>The larger; b if one is not a number.</summary>
    static abstract T Max(T a, T b);

    /// <summary>The smaller; b if one is not a number.</summary>
    static abstract T Min(T a, T b);

    static abstract T Less(T a, T b);

    static abstract T Select(T mask, T yes, T no);

    static abstract T And(T a, T b);

    static abstract T Or(T a, T b);

    static abstract T Xor(T a, T b);

    /// <summary>An integer in every lane.</summary>
    static abstract T BroadcastBits(int bits);

    static abstract T ShiftLeft(T bits, int count);

    /// <summary>Shifts right, filling with the sign.</summary>
    static abstract T ShiftRight(T bits, int count);

    /// <summary>Shifts right, filling with zeros.</summary>
    static abstract T ShiftRightUnsigned(T bits, int count);

    static abstract T AddBits(T a, T b);

    /// <summary>The lower 32 bits of the products.</summary>
    static abstract T MultiplyBits(T a, T b);

    /// <summary>The integer in each lane as F32.</summary>
    static abstract T ToSingle(T bits);

    /// <summary>Sum of all lanes in one fixed tree: lane i with i + 8, then i + 4, i + 2, i + 1.</summary>
    static abstract float Sum(T value);

    /// <summary>Largest lane, in the same tree.</summary>
    static abstract float MaxLane(T value);
}
