using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Formats.Tests;

/// <summary>One thing done to the bytes of a good file. Positions are parts per 65536 of the length, so that any file can be hit.</summary>
internal sealed record Mutation(Mutation.Kind What, int At, ulong Value, int Count)
{
    public enum Kind
    {
        SetByte,
        FlipBit,
        SetU32,
        SetU64,
        Truncate,
        Insert,
        Delete,
        Repeat,
    }

    /// <summary>Lengths and offsets that go wrong in careless readers.</summary>
    private static readonly ulong[] Edges =
    [
        0, 1, 2, 7, 8, 9, 31, 32, 0x7f, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 1UL << 40, 1UL << 60,
        (1UL << 61) + 1, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue - 7, ulong.MaxValue,
    ];

    private static readonly Gen<Mutation> One =
        from kind in Gen.Elements(Enum.GetValues<Kind>())
        from at in Gen.Choose(0, 65535)
        from edge in Gen.Elements(Edges)
        from random in Gen.Choose(0, 255)
        from count in Gen.Choose(1, 40)
        select new Mutation(kind, at, kind is Kind.SetByte or Kind.FlipBit or Kind.Insert ? (ulong)random : edge, count);

    public static Arbitrary<Mutation[]> Several { get; } =
        (from count in Gen.Choose(1, 3) from several in One.ArrayOf(count) select several).ToArbitrary();

    public static byte[] Apply(byte[] good, IEnumerable<Mutation> mutations) =>
        mutations.Aggregate(good, (bytes, mutation) => mutation.Apply(bytes));

    private byte[] Apply(byte[] good)
    {
        if (good.Length < 8)
            return good;
        var at = (int)((long)At * good.Length >> 16);
        var end = Math.Min(good.Length, at + Count);
        var bytes = good.ToArray();
        switch (What)
        {
            case Kind.SetByte: bytes[at] = (byte)Value; return bytes;
            case Kind.FlipBit: bytes[at] ^= (byte)(1 << (int)(Value & 7)); return bytes;
            case Kind.SetU32: BitConverter.TryWriteBytes(bytes.AsSpan(Math.Min(at, bytes.Length - 4)), (uint)Value); return bytes;
            case Kind.SetU64: BitConverter.TryWriteBytes(bytes.AsSpan(Math.Min(at, bytes.Length - 8)), Value); return bytes;
            case Kind.Truncate: return bytes[..at];
            case Kind.Insert: return [.. bytes[..at], .. Enumerable.Repeat((byte)Value, Count), .. bytes[at..]];
            case Kind.Delete: return [.. bytes[..at], .. bytes[end..]];
            default: return [.. bytes[..end], .. bytes[at..]];
        }
    }
}
