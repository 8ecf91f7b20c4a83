namespace Seriatim.Training;

/// <summary>How examples are put together into ragged batches, without padding.</summary>
public sealed record BatchPacking
{
    /// <summary>Most rows (tokens) of a batch, encoder and decoder together; 0: no limit.</summary>
    public int Tokens { get; init; }

    /// <summary>Most examples in a batch; 0: no limit.</summary>
    public int Examples { get; init; }

    /// <summary>
    /// Whether examples of similar length come together: each stretch of about 50 batches is sorted by length before it is
    /// packed, and the batches are shuffled.
    /// </summary>
    public bool GroupByLength { get; init; }

    /// <summary>Packs examples in their order into batches.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="rows">Number of rows an example takes.</param>
    /// <param name="random">For the order of batches of similar length.</param>
    /// <exception cref="DataException">An example has more rows than a batch.</exception>
    /// <exception cref="InvalidOperationException">No limit is set.</exception>
    public IReadOnlyList<ExamplePiece[]> Pack(IReadOnlyList<ExamplePiece> examples, Func<ExamplePiece, int> rows,
        CounterRandom random)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentNullException.ThrowIfNull(rows);
        if (Tokens <= 0 && Examples <= 0)
            throw new InvalidOperationException("A batch needs a limit: of tokens, or of examples.");
        (ExamplePiece Piece, int Rows)[] all = [.. examples.Select(e => (e, rows(e)))];
        var batches = new List<ExamplePiece[]>();
        if (!GroupByLength)
        {
            Fill(all, batches);
            return batches;
        }

        double mean = all.Length == 0 ? 1 : all.Average(e => (double)e.Rows);
        int perBatch = Math.Max(1,
            Math.Min(Tokens > 0 ? (int)(Tokens / mean) : int.MaxValue, Examples > 0 ? Examples : int.MaxValue));
        foreach ((ExamplePiece Piece, int Rows)[] stretch in all.Chunk(checked(perBatch * 50)))
            Fill([.. stretch.OrderBy(e => e.Rows)], batches);
        ExamplePiece[][] shuffled = [.. batches];
        random.Shuffle(shuffled.AsSpan());
        return shuffled;
    }

    private void Fill((ExamplePiece Piece, int Rows)[] examples, List<ExamplePiece[]> batches)
    {
        var batch = new List<ExamplePiece>();
        int used = 0;
        foreach ((ExamplePiece piece, int count) in examples)
        {
            if (Tokens > 0 && count > Tokens)
            {
                throw new DataException($"An example of {piece.Cache.Path} takes {count} rows; a batch holds {Tokens} "
                    + "(per_device_train_batch_tokens).");
            }
            if (batch.Count > 0 && (Tokens > 0 && used + count > Tokens || Examples > 0 && batch.Count == Examples))
            {
                batches.Add([.. batch]);
                batch.Clear();
                used = 0;
            }

            batch.Add(piece);
            used += count;
        }

        if (batch.Count > 0)
            batches.Add([.. batch]);
    }
}
