namespace Seriatim.Tensors;

/// <summary>
/// The rows of a recurrence by their depth: wave t holds row t of every sequence that is so long, of trees the rows whose path
/// has t before them. Rows of a wave do not depend on each other, so one matrix product serves all of them.
/// </summary>
internal sealed class ScanWaves
{
    private readonly int[] _starts;

    public ScanWaves(IReadOnlyList<RecurrenceSegment> segments)
    {
        int count = segments.Sum(segment => segment.Rows);
        int[] depths = new int[count], before = new int[count], owners = new int[count];
        (Rows, Before, Segments, Beginnings) = (new int[count], new int[count], new int[count], new int[segments.Count]);
        int waves = 0, begun = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            RecurrenceSegment segment = segments[i];
            Beginnings[i] = segment.Source < 0 ? begun++ : -1;
            for (int row = 0; row < segment.Rows; row++)
            {
                int parent = segment.Parents is { } parents ? parents[row] : row - 1;
                int at = segment.FirstRow + row;
                (owners[at], before[at]) = (i, parent < 0 ? -1 : segment.FirstRow + parent);
                depths[at] = parent < 0 ? 0 : depths[segment.FirstRow + parent] + 1;
                waves = Math.Max(waves, depths[at] + 1);
            }
        }

        Begun = begun;
        _starts = new int[waves + 1];
        foreach (int depth in depths)
            _starts[depth + 1]++;
        for (int wave = 0; wave < waves; wave++)
            _starts[wave + 1] += _starts[wave];
        int[] next = [.. _starts];
        for (int row = 0; row < count; row++)
        {
            int place = next[depths[row]]++;
            (Rows[place], Before[place], Segments[place]) = (row, before[row], owners[row]);
        }
    }

    /// <summary>Number of waves.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>The rows, wave after wave; within a wave ascending.</summary>
    public int[] Rows { get; }

    /// <summary>Of each of <see cref="Rows"/> the row it continues; -1: what its segment begins with.</summary>
    public int[] Before { get; }

    /// <summary>Of each of <see cref="Rows"/> the segment.</summary>
    public int[] Segments { get; }

    /// <summary>Of each segment its number among those that begin here; -1: it goes on from a slot.</summary>
    public int[] Beginnings { get; }

    /// <summary>Segments that begin here.</summary>
    public int Begun { get; }

    /// <summary>Where a wave begins in <see cref="Rows"/>, and how many rows it has.</summary>
    public (int First, int Count) this[int wave] => (_starts[wave], _starts[wave + 1] - _starts[wave]);
}
