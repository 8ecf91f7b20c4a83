namespace Seriatim.Tensors.Tests;

/// <summary>
/// A recurrence goes on from a stored state with the bits of never having stopped, and refuses what would corrupt memory.
/// </summary>
public sealed unsafe class GatedRecurrenceTests
{
    private const int Width = 37;

    public static TheoryData<string> Implementations => RecurrenceCuts.Implementations;

    [Theory]
    [MemberData(nameof(Implementations))]
    public void CutsAndTreesGiveTheBitsOfTheWhole(string name)
    {
        RecurrenceCuts.Check(
            name, Width, [Width, Width], (ops, x, rows, layer) => ops.GatedRecurrence(x[0], x[1], rows, layer));
    }

    [Theory]
    [MemberData(nameof(Implementations))]
    public void WhatIsNotFiniteStaysInItsSequenceAndItsFeature(string name)
    {
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using Tensor z = RecurrenceCuts.Numbers(6, Width, 1), v = RecurrenceCuts.Numbers(6, Width, 2);
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
        using IDifferentiableOps ops = RecurrenceCuts.Make(name);
        using Tensor z = RecurrenceCuts.Numbers(4, Width, 1), v = RecurrenceCuts.Numbers(4, Width, 2);
        using Tensor narrow = Tensor.Zeros(4, 5);
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
}
