namespace Seriatim.Tensors.Tests;

/// <summary>
/// A recurrence goes on from a stored state with the bits of never having stopped, and refuses what would corrupt memory.
/// </summary>
public sealed unsafe class GatedRecurrenceTests
{
    private const int Width = 37;

    public static TheoryData<string> Implementations => ["reference", "512", "256", "128"];

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Tensor z = Numbers(9, 1), v = Numbers(9, 2);
        using Tensor whole = ops.GatedRecurrence(z, v, RecurrenceCases.Whole([9]), 0);
        using StateStorage storage = RecurrenceCases.Storage(Width);
        using Tensor first = ops.GatedRecurrence(Rows(z, 0, 1, 2, 3), Rows(v, 0, 1, 2, 3),
            new([new(0, 4, -1, [new(1, 2), new(3, 3)])], storage), 1);
        OpTableTests.SameBits(whole.Row(1), new Span<float>(storage.At(2, 1), Width), "the state kept after row 1");

        // Rows 4, 5, 6 as a path of a tree, with others between them.
        using Tensor tree = ops.GatedRecurrence(
            Rows(z, 4, 8, 5, 7, 6), Rows(v, 4, 8, 5, 7, 6),
                new([new(0, 5, 3, [new(2, 4), new(4, 5)], [-1, -1, 0, 1, 2])], storage), 1);
        OpTableTests.SameBits(whole.Row(5), tree.Row(2), "row 5");
        OpTableTests.SameBits(whole.Row(6), tree.Row(4), "row 6");
        using Tensor last = ops.GatedRecurrence(Rows(z, 7, 8), Rows(v, 7, 8), new([new(0, 2, 5, [new(1, 6)])], storage), 1);
        OpTableTests.SameBits(whole.Row(7), last.Row(0), "row 7");
        OpTableTests.SameBits(whole.Row(8), new Span<float>(storage.At(6, 1), Width), "the last state");
        Assert.Equal(0.25f, storage.At(0, 1)[4]); // the other slots are as they were
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WhatIsNotFiniteStaysInItsSequenceAndItsFeature(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Tensor z = Numbers(6, 1), v = Numbers(6, 2);
        v.Row(4)[3] = float.PositiveInfinity;
        z.Row(4)[5] = float.NaN;
        using Tensor y = ops.GatedRecurrence(z, v, RecurrenceCases.Whole([3, 3]), 0);
        for (int row = 0; row < 6; row++)
        {
            for (int i = 0; i < Width; i++)
                Assert.Equal(row < 4 || i is not (3 or 5), float.IsFinite(y.Row(row)[i]));
        }
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WrongOperandsAreRefused(string name)
    {
        using IDifferentiableOps ops = Make(name);
        using Tensor z = Numbers(4, 1), v = Numbers(4, 2), narrow = Tensor.Zeros(4, 5);
        using StateStorage storage = RecurrenceCases.Storage(Width);
        void Refuses<T>(Tensor a, Tensor b, int layer, params RecurrenceSegment[] segments)
            where T : Exception => Assert.ThrowsAny<T>(() => ops.GatedRecurrence(a, b, new(segments, storage), layer));
        Refuses<ShapeMismatchException>(z, narrow, 1, new RecurrenceSegment(0, 4, 0, []));
        Refuses<ShapeMismatchException>(z, v, 0, new RecurrenceSegment(0, 4, 0, []));
        Refuses<ArgumentOutOfRangeException>(z, v, 2, new RecurrenceSegment(0, 4, 0, []));
        Refuses<ArgumentOutOfRangeException>(z, v, 1, new RecurrenceSegment(0, 4, 8, []));
        Refuses<ArgumentOutOfRangeException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [new(3, 8)]));
        Refuses<ArgumentException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [new(4, 1)]));
        Refuses<ArgumentException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [new(3, 0)]));
        Refuses<ArgumentException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [new(3, 1), new(2, 2)]));
        Refuses<ShapeMismatchException>(z, v, 1, new RecurrenceSegment(0, 3, 0, []));
        Refuses<ShapeMismatchException>(z, v, 1, new RecurrenceSegment(1, 3, 0, []));
        Refuses<ArgumentException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [], [-1, 1, 0, 0]));
        Refuses<ShapeMismatchException>(z, v, 1, new RecurrenceSegment(0, 4, 0, [], [-1, 0]));
        Assert.ThrowsAny<ArgumentException>(() => ops.GatedRecurrence(z, v, new([new(0, 4, 0, [])], null), 1));
        using var tape = new Tape(ops);
        Assert.Throws<InvalidOperationException>(() => tape.GatedRecurrence(z, v, new([new(0, 4, 0, [])], storage), 1));
        storage.Dispose();
        Refuses<ObjectDisposedException>(z, v, 1, new RecurrenceSegment(0, 4, 0, []));
    }

    private static IDifferentiableOps Make(string name) => name switch
    {
        "reference" => new ReferenceOps(),
        "512" => CpuOps.Create(2, LaneWidth.Bits512),
        "256" => CpuOps.Create(2, LaneWidth.Bits256),
        _ => CpuOps.Create(2, LaneWidth.Bits128),
    };

    private static Tensor Numbers(int rows, int seed)
    {
        var random = new Random(seed);
        return Tensor.From([.. Enumerable.Range(0, rows * Width).Select(_ => 3 * random.NextSingle() - 1.5f)], rows, Width);
    }

    private static Tensor Rows(Tensor x, params int[] rows) =>
        Tensor.From([.. rows.SelectMany(row => x.Row(row).ToArray())], rows.Length, x.Columns);
}
