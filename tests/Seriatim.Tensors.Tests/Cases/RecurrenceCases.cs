namespace Seriatim.Tensors.Tests;

/// <summary>Segments of recurrences: whole sequences, and those that go on from stored states and leave others.</summary>
public static class RecurrenceCases
{
    public static IEnumerable<OpCase> All() => [.. Gated(), .. Convolutions(), .. Scans()];

    private static IEnumerable<OpCase> Gated()
    {
        foreach ((int width, int[] segments) in new[] { (1, new[] { 1 }), (16, [5, 1, 9]), (37, [3, 20]), (64, [7]),
            (130, [2, 33, 1]), (700, [6, 4]) })
        {
            int rows = segments.Sum();
            yield return new OpCase($"gated recurrence {width}, {string.Join(" + ", segments)} rows",
                (c, ops) => ops.GatedRecurrence(c.Inputs[0], c.Inputs[1], Whole(segments), 0))
            { Tolerance = 1e-5f }.Input(rows, width, 2).Input(rows, width);
        }

        foreach ((string name, RecurrenceRows stored) in Stored(37))
        {
            int rows = stored.Segments.Sum(s => s.Rows);
            yield return new OpCase($"gated recurrence 37, {name}", (c, ops) =>
                ops.GatedRecurrence(c.Inputs[0], c.Inputs[1], stored, 1))
            { Tolerance = 1e-5f, Differentiable = false }.Input(rows, 37, 2).Input(rows, 37);
        }
    }

    private static IEnumerable<OpCase> Convolutions()
    {
        foreach ((int width, int kernel, bool bias, int[] segments) in new[] { (1, 1, true, new[] { 1 }),
            (16, 4, false, [5, 1, 9]), (37, 3, true, [2, 20]), (64, 4, true, [7]), (130, 2, false, [2, 33, 1]),
            (700, 5, true, [6, 4]) })
        {
            yield return Convolution($"{string.Join(" + ", segments)} rows", (width, kernel, bias), Whole(segments), 0);
        }

        foreach ((string name, RecurrenceRows stored) in Stored(3 * 37))
            yield return Convolution(name, (37, 4, true), stored, 1);
    }

    private static OpCase Convolution(string name, (int Width, int Kernel, bool Bias) shape, RecurrenceRows rows, int layer)
    {
        Parameter? weight = null, bias = null;
        var c = new OpCase($"causal convolution {shape.Width} x {shape.Kernel}, {name}",
            (c, ops) => ops.CausalConvolution(c.Inputs[0], weight!, bias, rows, layer))
        { Differentiable = rows.Storage is null }.Input(rows.Segments.Sum(s => s.Rows), shape.Width);
        weight = c.Parameter(shape.Width, shape.Kernel, ParameterLayout.Panels);
        bias = shape.Bias ? c.Parameter(1, shape.Width) : null;
        return c;
    }

    private static IEnumerable<OpCase> Scans()
    {
        foreach ((int width, int states, int[] segments) in new[] { (1, 1, new[] { 1 }), (16, 16, [5, 1, 9]), (37, 5, [2, 33]),
            (64, 8, [7]), (130, 3, [2, 70, 1]), (700, 4, [6, 4]) })
        {
            yield return Scan($"{string.Join(" + ", segments)} rows", width, states, Whole(segments), 0);
        }

        foreach ((string name, RecurrenceRows stored) in Stored(OpsExtensions.SelectiveScanState(37, 6)))
            yield return Scan(name, 37, 6, stored, 1);
    }

    /// <summary>Steps are those of a layer: after softplus.</summary>
    private static OpCase Scan(string name, int width, int states, RecurrenceRows rows, int layer)
    {
        Parameter? logRates = null, skip = null;
        int count = rows.Segments.Sum(s => s.Rows);
        var c = new OpCase($"selective scan {width} x {states}, {name}", (c, ops) =>
        {
            using Tensor dt = ops.Activate(c.Inputs[1], Activation.Softplus);
            return ops.SelectiveScan(c.Inputs[0], dt, c.Inputs[2], c.Inputs[3], logRates!, skip!, rows, layer);
        })
        { Tolerance = 1e-5f, Differentiable = rows.Storage is null }
            .Input(count, width).Input(count, width).Input(count, states).Input(count, states);
        logRates = c.Parameter(width, states, ParameterLayout.Panels);
        skip = c.Parameter(1, width);
        return c;
    }

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
