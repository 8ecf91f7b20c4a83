namespace Seriatim.Tensors.Tests;

/// <summary>Segments of recurrences: whole sequences, and those that go on from stored states and leave others.</summary>
public static class RecurrenceCases
{
    public static RecurrenceRows Whole(int[] segments)
    {
        var list = new List<RecurrenceSegment>();
        foreach (int rows in segments)
            list.Add(new RecurrenceSegment(list.Sum(s => s.Rows), rows, -1, []));
        return new RecurrenceRows(list, null);
    }

    /// <summary>Two layers, of which the second is used; slots 0 and 1 hold numbers, the others are written.</summary>
    public static IEnumerable<(string Name, RecurrenceRows Rows)> Stored(int width)
    {
        yield return ("from a slot", new RecurrenceRows([new RecurrenceSegment(0, 5, 0, [new KeptState(4, 2)])], Storage(width)));
        yield return ("a tree beside others", new RecurrenceRows(
        [
            new RecurrenceSegment(0, 2, -1, [new KeptState(0, 2), new KeptState(1, 3)]),
            new RecurrenceSegment(2, 6, 1, [new KeptState(0, 4), new KeptState(3, 5), new KeptState(5, 6)], [-1, -1, 0, 1, 1, 4]),
            new RecurrenceSegment(8, 1, 0, [new KeptState(0, 7)]),
        ], Storage(width)));
    }

    public static unsafe StateStorage Storage(int width)
    {
        var storage = new StateStorage([5, width], 8);
        for (int slot = 0; slot < 2; slot++)
        {
            for (int i = 0; i < width; i++)
                storage.At(slot, 1)[i] = (slot + 1) * (i % 7 - 3) / 4f;
        }

        return storage;
    }
}
