namespace Seriatim.Tensors;

/// <summary>An operand of a linear recurrence as its heads see it.</summary>
/// <param name="data">Row 0.</param>
/// <param name="step">Elements from row to row.</param>
/// <param name="width">Features of a head.</param>
/// <param name="share">Heads that read the same features.</param>
internal readonly unsafe struct HeadRows(float* data, int step, int width, int share)
{
    public HeadRows(Tensor rows, int width, int share)
        : this(rows.Floats, rows.Columns, width, share)
    {
    }

    public int Width => width;

    public long Step => step;

    public float* At(int row, int head) => data + (long)row * step + head / share * width;
}

/// <summary>
/// The operands of a linear recurrence in their roles. Gradients are the same recurrence with others: queries and keys are
/// what the state's first axis runs over, values and results the second.
/// </summary>
internal struct LinearRoles
{
    public HeadRows Q, K, V, O, A;

    /// <summary>Whether time runs from the last row of a segment to its first.</summary>
    public bool Backwards;

    public int Heads;

    public readonly int Keys => Q.Width;

    public readonly int Values => V.Width;

    /// <summary>Multiply-adds of so many rows.</summary>
    public readonly long Cost(int rows) => 3L * rows * Heads * Keys * Values;
}

/// <summary>A piece is a block of values of a head of a segment.</summary>
internal readonly unsafe struct LinearRecurrenceWork<T>(
    LinearRoles roles, RecurrenceRows rows, int layer, WorkerTeam team) : IWork
    where T : struct, ILanes<T>
{
    private readonly int _blocks = RowKernel.Pieces(roles.Values, LinearRecurrence.Block);

    /// <summary>Does all pieces.</summary>
    public static void Run(WorkerTeam team, in LinearRoles roles, RecurrenceRows rows, int layer, int count)
    {
        var work = new LinearRecurrenceWork<T>(roles, rows, layer, team);
        team.Run(rows.Segments.Count * roles.Heads * work._blocks, ref work, roles.Cost(count));
    }

    public void Do(int piece, int worker)
    {
        (int headPiece, int block) = Math.DivRem(piece, _blocks);
        (int number, int head) = Math.DivRem(headPiece, roles.Heads);
        RecurrenceSegment segment = rows.Segments[number];
        int value = block * LinearRecurrence.Block;
        var place = new Place(head, value, Math.Min(LinearRecurrence.Block, roles.Values - value));
        Scratch scratch = team.ScratchOf(worker);
        if (segment.Parents is { } parents)
            Tree(segment, parents, place, scratch);
        else
            Chain(segment, place, scratch);
    }

    /// <summary>Rows one after another, from one state that is kept to the next.</summary>
    private void Chain(RecurrenceSegment segment, Place place, Scratch scratch)
    {
        LinearRecurrence.Rows all = Rows(segment, place);
        var between = new LinearRecurrence.State(
            segment.Rows > LinearRecurrence.Run ? scratch.Take(roles.Keys * LinearRecurrence.Block) : null,
            LinearRecurrence.Block);
        LinearRecurrence.State from = Source(segment, place);
        int keep = 0;
        for (int row = 0; row < segment.Rows;)
        {
            int end = Math.Min(row + LinearRecurrence.Run, segment.Rows);
            LinearRecurrence.State to = end < segment.Rows ? between : default;
            if (keep < segment.Kept.Count && segment.Kept[keep].Row < end)
            {
                end = segment.Kept[keep].Row + 1;
                to = Slot(segment.Kept[keep++].Slot, place);
            }

            LinearRecurrence.Forward<T>(all.From(row, end - row), from, to, roles.Keys, place.Count);
            (from, row) = (to, end);
        }
    }

    /// <summary>Each row from the state of its parent.</summary>
    private void Tree(RecurrenceSegment segment, IReadOnlyList<int> parents, Place place, Scratch scratch)
    {
        LinearRecurrence.Rows all = Rows(segment, place);
        LinearRecurrence.State source = Source(segment, place);
        long size = (long)roles.Keys * LinearRecurrence.Block;
        float* states = scratch.Take(segment.Rows * size);
        int keep = 0;
        for (int row = 0; row < segment.Rows; row++)
        {
            int parent = parents[row];
            LinearRecurrence.State from = parent < 0
                ? source
                : new LinearRecurrence.State(states + parent * size, LinearRecurrence.Block);
            var to = new LinearRecurrence.State(states + row * size, LinearRecurrence.Block);
            LinearRecurrence.Forward<T>(all.From(row, 1), from, to, roles.Keys, place.Count);
            if (keep < segment.Kept.Count && segment.Kept[keep].Row == row)
                Copy(to, Slot(segment.Kept[keep++].Slot, place), place.Count);
        }
    }

    private LinearRecurrence.Rows Rows(RecurrenceSegment segment, Place place)
    {
        int first = roles.Backwards ? segment.FirstRow + segment.Rows - 1 : segment.FirstRow;
        int way = roles.Backwards ? -1 : 1;
        return new LinearRecurrence.Rows
        {
            Q = roles.Q.At(first, place.Head),
            K = roles.K.At(first, place.Head),
            V = roles.V.At(first, place.Head) + place.Value,
            O = roles.O.At(first, place.Head) + place.Value,
            A = roles.A.At(first, place.Head),
            QStep = way * roles.Q.Step,
            KStep = way * roles.K.Step,
            VStep = way * roles.V.Step,
            OStep = way * roles.O.Step,
            AStep = way * roles.A.Step,
        };
    }

    private LinearRecurrence.State Source(RecurrenceSegment segment, Place place) =>
        segment.Source < 0 ? default : Slot(segment.Source, place);

    /// <summary>A state in a slot lies as <c>[heads, keys, values]</c>.</summary>
    private LinearRecurrence.State Slot(int slot, Place place) => new(
        rows.Storage!.At(slot, layer) + (long)place.Head * roles.Keys * roles.Values + place.Value, roles.Values);

    private void Copy(LinearRecurrence.State from, LinearRecurrence.State to, int count)
    {
        for (int key = 0; key < roles.Keys; key++)
        {
            Buffer.MemoryCopy(
                from.Data + key * from.Step, to.Data + key * to.Step, count * sizeof(float), count * sizeof(float));
        }
    }

    /// <summary>Which part of the state.</summary>
    private readonly record struct Place(int Head, int Value, int Count);
}
