namespace Seriatim.Tensors.Tests;

/// <summary>LSTM and GRU: sequences of several lengths, first states, stored states, trees, and rows of groups.</summary>
public static class GatedScanCases
{
    /// <summary>
    /// A step along the gradient of a wider matrix is no small one any more: all its elements move one state. Wider ones are
    /// compared forwards, and backwards in <see cref="RandomRecurrenceTests"/>.
    /// </summary>
    private const int WidestSlope = 40;

    public static int Gates(GatedCell cell) => cell == GatedCell.Lstm ? 4 : 3;

    public static int Parts(GatedCell cell) => cell == GatedCell.Lstm ? 2 : 1;

    public static IEnumerable<OpCase> All() => Enum.GetValues<GatedCell>().SelectMany(Of);

    private static IEnumerable<OpCase> Of(GatedCell cell)
    {
        (int Width, bool Bias, bool Begun, int[] Segments)[] shapes =
        [
            (1, true, false, [1]), (16, false, false, [5, 1, 9]), (19, true, true, [3, 20]), (33, true, false, [7]),
            (20, true, true, [2, 9, 1, 9, 4, 1, 6, 3, 8, 12]), (130, false, true, [6]),
        ];
        foreach ((int width, bool bias, bool begun, int[] segments) in shapes)
        {
            string begins = begun ? ", from first states" : "";
            yield return Make(
                cell, $"{string.Join(" + ", segments)} rows{begins}", (width, bias, begun), RecurrenceCases.Whole(segments), 0);
        }

        foreach ((string name, RecurrenceRows stored) in RecurrenceCases.Stored(Parts(cell) * 37))
            yield return Make(cell, name, (37, true, false), stored, 1);
        foreach ((string name, RecurrenceRows stored) in RecurrenceCases.Stored(Parts(cell) * 16).Skip(1))
            yield return Make(cell, $"{name}, from first states", (16, true, true), stored, 1);
        yield return Grouped(cell);
    }

    private static OpCase Make(
        GatedCell cell, string name, (int Width, bool Bias, bool Begun) shape, RecurrenceRows rows, int layer)
    {
        LinearWeight? weight = null;
        var c = new OpCase($"{cell} {shape.Width}, {name}", (c, ops) =>
            ops.GatedScan(cell, c.Inputs[0], weight!, shape.Begun ? c.Inputs[1] : null, rows, layer))
        { Tolerance = 2e-5f, Differentiable = rows.Storage is null && shape.Width <= WidestSlope }
            .Input(rows.Segments.Sum(s => s.Rows), Gates(cell) * shape.Width);
        if (shape.Begun)
            c.Input(rows.Segments.Count(s => s.Source < 0), Parts(cell) * shape.Width, 0.5f);
        weight = Recurrent(c, cell, shape.Width, shape.Bias);
        return c;
    }

    /// <summary>Small enough that a small step changes a sequence little: differences of a chaotic one are no slopes.</summary>
    private static LinearWeight Recurrent(OpCase c, GatedCell cell, int width, bool bias)
    {
        Parameter matrix = c.Parameter(
            Gates(cell) * width, width, ParameterLayout.Panels, spread: 0.4f / MathF.Sqrt(width));
        return LinearWeight.FromPanels(matrix, bias ? c.Parameter(1, Gates(cell) * width) : null);
    }

    /// <summary>Two sequences of groups that add to the recurrent weight, and one of none.</summary>
    private static OpCase Grouped(GatedCell cell)
    {
        const int Width = 24;
        RowGroup first = new("first"), second = new("second");
        RowGroup?[] groups = [first, first, first, null, null, second, second, second, second];
        RecurrenceRows rows = RecurrenceCases.Whole([3, 2, 4]);
        LinearWeight? weight = null;
        var c = new OpCase($"{cell} of groups", (c, ops) =>
            ops.GatedScan(cell, c.Inputs[0], weight!, null, rows, 0, RowGroups.Of(groups)))
        { Tolerance = 2e-5f }.Input(9, Gates(cell) * Width);
        GroupedWeight grouped = Recurrent(c, cell, Width, bias: true).WithGroups();
        foreach ((RowGroup group, int rank) in new[] { (first, 2), (second, 5) })
        {
            grouped.Add(group, c.Parameter(rank, Width, ParameterLayout.Panels, spread: 0.5f),
                c.Parameter(Gates(cell) * Width, rank, ParameterLayout.Panels, spread: 0.5f), 0.5f);
        }

        weight = grouped;
        return c;
    }
}
