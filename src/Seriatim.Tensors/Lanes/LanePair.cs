using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>
/// Twice the lanes of <typeparamref name="T"/>: the lower half first. Two 256-bit or four 128-bit vectors make 16 lanes.
/// </summary>
internal readonly unsafe struct LanePair<T>(T lower, T upper) : ILanes<LanePair<T>>
    where T : struct, ILanes<T>
{
    private readonly T _lower = lower;
    private readonly T _upper = upper;

    public static int Width => 2 * T.Width;

    public static LaneWidth Vectors => T.Vectors;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Load(float* from) => new(T.Load(from), T.Load(from + T.Width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> LoadHalf(ushort* from) => new(T.LoadHalf(from), T.LoadHalf(from + T.Width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> LoadBFloat16(ushort* from) => new(T.LoadBFloat16(from), T.LoadBFloat16(from + T.Width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(LanePair<T> value, float* to)
    {
        T.Store(value._lower, to);
        T.Store(value._upper, to + T.Width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Broadcast(float value)
    {
        T lanes = T.Broadcast(value);
        return new(lanes, lanes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Count(float first) => new(T.Count(first), T.Count(first + T.Width));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator +(LanePair<T> a, LanePair<T> b) => new(a._lower + b._lower, a._upper + b._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator -(LanePair<T> a, LanePair<T> b) => new(a._lower - b._lower, a._upper - b._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator *(LanePair<T> a, LanePair<T> b) => new(a._lower * b._lower, a._upper * b._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator /(LanePair<T> a, LanePair<T> b) => new(a._lower / b._lower, a._upper / b._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> SquareRoot(LanePair<T> a) => new(T.SquareRoot(a._lower), T.SquareRoot(a._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> MultiplyAdd(LanePair<T> a, LanePair<T> b, LanePair<T> c) =>
        new(T.MultiplyAdd(a._lower, b._lower, c._lower), T.MultiplyAdd(a._upper, b._upper, c._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Max(LanePair<T> a, LanePair<T> b) => new(T.Max(a._lower, b._lower), T.Max(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Min(LanePair<T> a, LanePair<T> b) => new(T.Min(a._lower, b._lower), T.Min(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Less(LanePair<T> a, LanePair<T> b) => new(T.Less(a._lower, b._lower), T.Less(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Select(LanePair<T> mask, LanePair<T> yes, LanePair<T> no) =>
        new(T.Select(mask._lower, yes._lower, no._lower), T.Select(mask._upper, yes._upper, no._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> And(LanePair<T> a, LanePair<T> b) => new(T.And(a._lower, b._lower), T.And(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Or(LanePair<T> a, LanePair<T> b) => new(T.Or(a._lower, b._lower), T.Or(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Xor(LanePair<T> a, LanePair<T> b) => new(T.Xor(a._lower, b._lower), T.Xor(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> BroadcastBits(int bits) => new(T.BroadcastBits(bits), T.BroadcastBits(bits));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> ShiftLeft(LanePair<T> bits, int count) =>
        new(T.ShiftLeft(bits._lower, count), T.ShiftLeft(bits._upper, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> ShiftRight(LanePair<T> bits, int count) =>
        new(T.ShiftRight(bits._lower, count), T.ShiftRight(bits._upper, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> ShiftRightUnsigned(LanePair<T> bits, int count) =>
        new(T.ShiftRightUnsigned(bits._lower, count), T.ShiftRightUnsigned(bits._upper, count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> AddBits(LanePair<T> a, LanePair<T> b) =>
        new(T.AddBits(a._lower, b._lower), T.AddBits(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> MultiplyBits(LanePair<T> a, LanePair<T> b) =>
        new(T.MultiplyBits(a._lower, b._lower), T.MultiplyBits(a._upper, b._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> ToSingle(LanePair<T> bits) => new(T.ToSingle(bits._lower), T.ToSingle(bits._upper));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(LanePair<T> value) => T.Sum(value._lower + value._upper);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxLane(LanePair<T> value) => T.MaxLane(T.Max(value._lower, value._upper));
}
