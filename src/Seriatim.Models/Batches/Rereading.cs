namespace Seriatim.Models;

/// <summary>
/// A batch for a stack that reads sequences again (<see cref="StackSpec.ReadsAgain"/>): in place of each output row of a segment
/// with a memory stands the whole sequence that ends with it, past and all, as if it came without a memory. So the value of a
/// row is that of a sequence that ends there, however it was cut into steps; rows that are no outputs are not computed.
/// </summary>
/// <remarks>
/// Segments without a memory (training, scoring) stay as they are: there a row is that of the whole sequence.
/// </remarks>
internal sealed class Rereading
{
    /// <summary>Rows that are run at a time, if no single sequence is longer.</summary>
    public const int MostRows = 4096;

    private readonly RaggedBatch _batch;
    private readonly List<Piece> _pieces = [];

    /// <summary>Writes the ids of the batch to the memories of its segments, and reads what they continue.</summary>
    public Rereading(RaggedBatch batch)
    {
        _batch = batch;
        var builder = new RaggedBatchBuilder();
        var piece = new Piece([], []);
        foreach (Segment segment in batch.Segments)
        {
            foreach ((int[] ids, int first, int count) in Sequences(segment))
            {
                if (builder.Rows > 0 && builder.Rows + ids.Length > MostRows)
                {
                    _pieces.Add(piece with { Rows = builder.Build() });
                    builder.Clear();
                    piece = new Piece([], []);
                }

                for (int i = 0; i < count; i++)
                {
                    piece.From.Add(builder.Rows + ids.Length - count + i);
                    piece.To.Add(first + i);
                }

                builder.Add(ids, terms: segment.Terms, outputs: Outputs.All);
            }
        }

        if (builder.Rows > 0)
            _pieces.Add(piece with { Rows = builder.Build() });
    }

    /// <summary>Runs what is to be run, piece by piece, and puts the rows into their places; others are zeros.</summary>
    /// <param name="ops">The ops.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="run">Runs whole sequences.</param>
    public Tensor Run(IOps ops, int width, Func<RaggedBatch, Tensor> run)
    {
        Tensor all = ops.Device.Zeros(_batch.Rows, width);
        try
        {
            foreach (Piece piece in _pieces)
            {
                RaggedBatch rows = _batch.Dropout is { } dropout ? piece.Rows!.With(dropout) : piece.Rows!;
                using Tensor made = run(rows);
                using Tensor wanted = ops.GatherRows(made, piece.From.ToArray());
                using Tensor placed = ops.ScatterRows(wanted, piece.To.ToArray(), _batch.Rows);
                Tensor sum = ops.Add(all, placed);
                all.Dispose();
                all = sum;
            }

            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>The sequences of a segment: ids, the row of the batch where those wanted begin, and how many these are.</summary>
    private IEnumerable<(int[] Ids, int First, int Count)> Sequences(Segment segment)
    {
        int[] own = _batch.Tokens.Slice(segment.FirstRow, segment.Rows).ToArray();
        if (segment.Memory is null)
        {
            yield return (own, segment.FirstRow, own.Length);
            yield break;
        }

        var memory = (TokenMemory)segment.Memory.Stores[0];
        memory.Write(segment.Past, own);
        int[] past = new int[segment.Past];
        memory.Read(past);
        foreach (int row in OutputRows(segment))
            yield return ([.. past, .. Path(segment, own, row - segment.FirstRow)], row, 1);
    }

    private IEnumerable<int> OutputRows(Segment segment)
    {
        foreach (int row in _batch.OutputRows.ToArray())
        {
            if (row >= segment.FirstRow && row < segment.FirstRow + segment.Rows)
                yield return row;
        }
    }

    /// <summary>The ids from the first row of a segment to one of its rows; in a tree those of its ancestors.</summary>
    private static int[] Path(Segment segment, int[] own, int row)
    {
        if (segment.Parents is not { } parents)
            return own[..(row + 1)];
        var path = new List<int>();
        for (int at = row; at >= 0; at = parents[at])
            path.Add(own[at]);
        path.Reverse();
        return [.. path];
    }

    private sealed record Piece(List<int> From, List<int> To)
    {
        public RaggedBatch? Rows { get; init; }
    }
}
