using System.Text.Json;

namespace Seriatim.Models;

/// <summary>
/// What the stages of a model are told of a pass (decision 045): the rows' positions and, of each sequence, where it stands and
/// in which pages and states the stage finds what it remembers. Page numbers are those of the first stage, which alone decides
/// about them. Tokens are not among it: they are in the rows by then.
/// </summary>
public static class StagePass
{
    /// <summary>The pass as bytes.</summary>
    /// <param name="batch">The rows.</param>
    /// <param name="journal">Copies to be made before; told once. Null: none, as nothing is remembered.</param>
    /// <exception cref="NotSupportedException">A sequence has what stages are not told.</exception>
    public static byte[] Write(RaggedBatch batch, PageJournal? journal)
    {
        ArgumentNullException.ThrowIfNull(batch);
        foreach (Segment segment in batch.Segments)
            Require(segment);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        PageCopy[] copies = journal?.Take() ?? [];
        writer.Write(copies.Length);
        foreach (PageCopy copy in copies)
            WriteAll(writer, [copy.Kind, copy.From, copy.FromSlot, copy.To, copy.ToSlot]);
        WriteCounted(writer, batch.Positions.Span);
        WriteCounted(writer, batch.OutputRows.Span);
        writer.Write(batch.Segments.Count);
        foreach (Segment segment in batch.Segments)
            WriteSegment(writer, segment);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Reads a pass, and makes the copies that it tells of.</summary>
    /// <param name="message">What <see cref="Write"/> gave.</param>
    /// <param name="pools">The pools of this stage; null if none were made, and nothing is remembered.</param>
    /// <returns>The rows; their memories are those of the first stage, to be read and written by this pass alone.</returns>
    public static RaggedBatch Read(ReadOnlyMemory<byte> message, MemoryPools? pools)
    {
        using var reader = new BinaryReader(new MemoryStream(message.ToArray(), writable: false));
        for (int left = reader.ReadInt32(); left > 0; left--)
        {
            var copy = new PageCopy(
                reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
            ((PagePool)pools![copy.Kind]).Copy(copy);
        }

        int[] positions = ReadCounted(reader), outputs = ReadCounted(reader);
        var segments = new Segment[reader.ReadInt32()];
        int first = 0;
        for (int i = 0; i < segments.Length; i++)
        {
            segments[i] = ReadSegment(reader, pools, first);
            first += segments[i].Rows;
        }

        return new RaggedBatch(new int[positions.Length], positions, new int[positions.Length], segments, outputs);
    }

    /// <summary>
    /// Cuts a batch into runs of rows that can pass the stages one behind the other. A sequence is cut, too, unless its layers
    /// keep states, its rows are drafts that branch, or nothing of it is remembered.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="parts">How many runs at most.</param>
    public static IReadOnlyList<RaggedBatch> Split(RaggedBatch batch, int parts)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfLessThan(parts, 1);
        if (parts == 1)
            return [batch];
        int most = (batch.Rows + parts - 1) / parts, begin = 0, rows = 0;
        var cut = new List<RaggedBatch>(parts);
        var own = new List<Segment>();
        foreach (Segment segment in batch.Segments)
        {
            for (int done = 0; done < segment.Rows;)
            {
                int left = segment.Rows - done;
                int taken = IsCuttable(segment) ? Math.Min(left, most - rows) : left;
                if (rows > 0 && taken > most - rows)
                    Close();
                own.Add(segment with { FirstRow = rows, Rows = taken, Past = segment.Past + done });
                done += taken;
                rows += taken;
                if (rows >= most)
                    Close();
            }
        }

        if (rows > 0)
            Close();
        return cut;

        void Close()
        {
            cut.Add(batch.Part(begin, rows, [.. own]));
            own.Clear();
            (begin, rows) = (begin + rows, 0);
        }
    }

    private static bool IsCuttable(Segment segment) => segment is { Visibility: Visibility.Causal, Memory: { } memory }
        && memory.Stores.All(store => store is PagedMemory);

    private static void Require(Segment segment)
    {
        string? what = segment switch
        {
            { Encoder: not null } => "rows of an encoder",
            { Padding: > 0 } => $"{segment.Padding} rows of padding",
            _ when !segment.Pattern.Equals(SparsePattern.None) => "a pattern of sparse attention",
            _ => null,
        };
        if (what is not null)
        {
            throw new NotSupportedException(
                $"A sequence has {what}, which a model that is cut into stages does not serve; run it in one process.");
        }
    }

    private static void WriteSegment(BinaryWriter writer, Segment segment)
    {
        WriteAll(writer, [segment.Rows, segment.Past, segment.Length, (int)segment.Visibility]);
        WriteCounted(writer, segment.Parents);
        writer.Write(segment.Terms.Adapter ?? "");
        writer.Write(segment.Terms.DeclaredLength ?? -1);
        writer.Write(segment.Terms.Window?.Size ?? 0);
        writer.Write(segment.Terms.Window?.Sinks ?? 0);
        writer.Write(segment.Terms.Rope is { } rope ? JsonSerializer.Serialize(rope, StageJson.Default.RopeChange) : "");
        writer.Write(segment.Memory?.Stores.Count ?? 0);
        foreach (LayerMemory store in segment.Memory?.Stores ?? [])
        {
            if (store is PagedMemory paged)
            {
                WriteCounted(writer, [.. paged.Pages]);
                continue;
            }

            var states = (StateMemory)store;
            WriteAll(writer, [states.Source, states.Kept.Count]);
            foreach (KeptState kept in states.Kept)
                WriteAll(writer, [kept.Row, kept.Slot]);
        }
    }

    private static Segment ReadSegment(BinaryReader reader, MemoryPools? pools, int firstRow)
    {
        (int rows, int past, int length, var visibility) =
            (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), (Visibility)reader.ReadInt32());
        int[] parents = ReadCounted(reader);
        string adapter = reader.ReadString();
        int declared = reader.ReadInt32();
        var window = new AttentionWindow(reader.ReadInt32(), reader.ReadInt32());
        string rope = reader.ReadString();
        var terms = new SequenceTerms
        {
            Adapter = adapter.Length == 0 ? null : adapter,
            DeclaredLength = declared < 0 ? null : declared,
            Window = window.Size == 0 ? null : window,
            Rope = rope.Length == 0 ? null : JsonSerializer.Deserialize(rope, StageJson.Default.RopeChange),
        };
        var stores = new LayerMemory[reader.ReadInt32()];
        for (int kind = 0; kind < stores.Length; kind++)
        {
            if (pools![kind] is PagePool pages)
            {
                stores[kind] = PagedMemory.View(pages, ReadCounted(reader));
                continue;
            }

            int source = reader.ReadInt32();
            var kept = new KeptState[reader.ReadInt32()];
            for (int i = 0; i < kept.Length; i++)
                kept[i] = new KeptState(reader.ReadInt32(), reader.ReadInt32());
            stores[kind] = StateMemory.View((StatePool)pools[kind], source, kept);
        }

        return new Segment
        {
            FirstRow = firstRow,
            Rows = rows,
            Past = past,
            Length = length,
            Visibility = visibility,
            Parents = visibility == Visibility.Tree ? parents : null,
            Terms = terms,
            Memory = stores.Length == 0 ? null : new SequenceMemory(pools!, stores, past, terms),
        };
    }

    private static void WriteAll(BinaryWriter writer, ReadOnlySpan<int> values)
    {
        foreach (int value in values)
            writer.Write(value);
    }

    private static void WriteCounted(BinaryWriter writer, ReadOnlySpan<int> values)
    {
        writer.Write(values.Length);
        WriteAll(writer, values);
    }

    private static int[] ReadCounted(BinaryReader reader)
    {
        int[] values = new int[reader.ReadInt32()];
        for (int i = 0; i < values.Length; i++)
            values[i] = reader.ReadInt32();
        return values;
    }
}
