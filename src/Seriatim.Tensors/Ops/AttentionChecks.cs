namespace Seriatim.Tensors;

/// <summary>What the attention op asks of its operands, before it looks at an element.</summary>
internal static class AttentionChecks
{
    public static void Check(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, AttentionSpec spec, Tensor? sinkQ = null)
    {
        ShapeMismatchException.Require(
            spec.KeyValueHeads > 0 && spec.Heads > 0 && spec.Heads % spec.KeyValueHeads == 0,
            "Attention", "the number of query heads", $"{spec.Heads}", $"a multiple of {spec.KeyValueHeads} key/value heads");
        ShapeMismatchException.Require(spec.HeadDim > 0, "Attention", "the head dimension", $"{spec.HeadDim}", $"at least 1");
        OpShapes.RequireColumns(q, spec.Heads * spec.HeadDim, "Attention", "q", spec);
        if (sinkQ is not null)
            OpShapes.RequireSame(q, sinkQ, "Attention", "the queries for the sinks");
        CheckBias(spec);
        CheckAdditive(spec);
        CheckChunks(rows, spec);
        CheckSinkLogits(spec);
        int keyRows = k?.Rows ?? 0;
        if ((k is null) != (v is null))
        {
            string given = k is null ? $"values {v} without keys" : $"keys {k} without values";
            throw new ArgumentException($"Attention: {given} were given; give both or neither.");
        }

        if (k is not null && v is not null)
        {
            OpShapes.RequireColumns(k, spec.KeyValueHeads * spec.HeadDim, "Attention", "k", spec);
            OpShapes.RequireSame(k, v, "Attention", "v");
            if (spec.SharesValues && !ReferenceEquals(k, v))
                throw new ArgumentException("Attention: the values are the keys; give one tensor for both.");
        }

        if (rows.Pool is { } pool)
        {
            ShapeMismatchException.Require(pool.Heads == spec.KeyValueHeads && pool.HeadDim == spec.HeadDim, "Attention",
                "the pool of pages", $"{pool.Heads} heads x {pool.HeadDim}", $"{spec.KeyValueHeads} heads x {spec.HeadDim}");
            if (pool.SharesValues != spec.SharesValues)
            {
                throw new ArgumentException(pool.SharesValues
                    ? "Attention: the pool holds keys alone, and the values are others; a pool with values is needed."
                    : "Attention: the pool holds values beside the keys, and the values are the keys; a pool without is needed.");
            }
        }

        int next = 0;
        foreach (AttentionSegment s in rows.Segments)
        {
            ShapeMismatchException.Require(s.QueryRow == next && s.Queries >= 0 && s.Queries <= q.Rows - next, "Attention",
                "a segment", $"rows {s.QueryRow} to {s.QueryRow + s.Queries}",
                $"a range that starts at {next} and ends by {q.Rows}");
            next += s.Queries;
            ShapeMismatchException.Require(s.Keys >= 0 && s.KeyRow >= 0 && s.Keys <= keyRows - s.KeyRow, "Attention",
                "the keys of a segment", $"rows {s.KeyRow} to {s.KeyRow + s.Keys}", $"a range within the {keyRows} rows of k");
            CheckMemory(s, rows.Pool);
        }

        DropoutOp.CheckMask(spec.Dropout);
        if (!spec.Dropout.IsNone && rows.Pool is not null)
            throw new ArgumentException("Attention: dropout is for training; a call with stored keys and values has none.");
        ShapeMismatchException.Require(next == q.Rows, "Attention", "the end of the last segment", $"{next}",
            $"{q.Rows}, the rows of q,");
    }

    /// <summary>That each head has keys and a vector of its own, and no factor that would go nowhere.</summary>
    private static void CheckAdditive(AttentionSpec spec)
    {
        if (spec.Additive is not { } additive)
            return;
        ShapeMismatchException.Require(additive.Rows == 1 && additive.Columns == spec.Heads * spec.HeadDim
            && additive.Data.Type == DataType.F32 && additive.Layout == ParameterLayout.RowMajor, "Attention",
            "the vector of additive scores", $"{additive}", $"[1, {spec.Heads * spec.HeadDim}] of F32");
        ShapeMismatchException.Require(spec.KeyValueHeads == spec.Heads, "Attention", "the number of key/value heads",
            $"{spec.KeyValueHeads}", $"{spec.Heads}, as many as heads: scores are additive");
        ShapeMismatchException.Require(
            spec.Scale == 1, "Attention", "the factor of additive scores", $"{spec.Scale}", $"{1}");
    }

    private static void CheckSinkLogits(AttentionSpec spec)
    {
        if (spec.SinkLogits is { } sinks)
        {
            ShapeMismatchException.Require(sinks.Rows == 1 && sinks.Columns == spec.Heads && sinks.Data.Type == DataType.F32
                && sinks.Layout == ParameterLayout.RowMajor, "Attention", "the logits without a value", $"{sinks}",
                $"[1, {spec.Heads}] of F32");
        }
    }

    /// <summary>That chunks stand alone: they say what is seen, and so does a window.</summary>
    private static void CheckChunks(AttentionRows rows, AttentionSpec spec)
    {
        ShapeMismatchException.Require(spec.Chunk >= 0 && spec.ChunksBefore >= 0, "Attention", "the chunks",
            $"{spec.Chunk} positions, {spec.ChunksBefore} before", $"0 or more");
        ShapeMismatchException.Require(spec.Chunk == 0 || spec.Window <= 0, "Attention", "the window", $"{spec.Window}",
            $"0 beside chunks of {spec.Chunk}");
        if (spec.Chunk == 0)
            return;
        foreach (AttentionSegment segment in rows.Segments)
        {
            ShapeMismatchException.Require(segment.Window <= 0, "Attention", "the window of a segment", $"{segment.Window}",
                $"0 beside chunks of {spec.Chunk}");
        }
    }

    /// <summary>That there is a number for every head, and for every distance a bucket.</summary>
    private static void CheckBias(AttentionSpec spec)
    {
        if (spec.Bias is AttentionBias.Alibi alibi)
        {
            ShapeMismatchException.Require(alibi.Slopes.Length == spec.Heads, "Attention", "the list of slopes",
                $"{alibi.Slopes.Length} long", $"{spec.Heads}, one a head,");
        }
        else if (spec.Bias is AttentionBias.Relative relative)
        {
            int least = relative.Bidirectional ? 4 : 2, exact = relative.Table.Rows / least;
            ShapeMismatchException.Require(relative.Table.Rows >= least && relative.Table.Columns == spec.Heads, "Attention",
                "the relative bias", $"{relative.Table}", $"[at least {least}, {spec.Heads}]");
            ShapeMismatchException.Require(relative.MaxDistance > exact, "Attention", "the largest distance of the relative bias",
                $"{relative.MaxDistance}", $"more than {exact}, the buckets for one distance each,");
        }
    }

    /// <summary>That the layer and the memory of the pool exist. Page numbers are checked where they are used.</summary>
    public static void CheckPool(AttentionRows rows, int layer)
    {
        if (rows.Pool is not { } pool)
            return;
        ObjectDisposedException.ThrowIf(pool.IsDisposed, pool);
        if ((uint)layer >= (uint)pool.Layers)
        {
            throw new ArgumentOutOfRangeException(
                nameof(layer), $"Attention: layer {layer}; the pool of pages has the layers 0 to {pool.Layers - 1}.");
        }
    }

    private static void CheckMemory(AttentionSegment s, KeyValuePool? pool)
    {
        if (s.Pages is null)
        {
            if (s.Past != 0)
                throw new ArgumentException($"Attention: a segment without pages has a past of {s.Past}; only 0 is possible.");
            ShapeMismatchException.Require(s.Visibility == Visibility.Full || s.Queries <= s.Keys,
                "Attention", "the queries of a segment without pages", $"{s.Queries}", $"at most its {s.Keys} keys");
        }
        else
        {
            if (pool is null)
                throw new ArgumentException("Attention: a segment has pages but the call has no pool.");
            ShapeMismatchException.Require(s.Past >= 0, "Attention", "the past of a segment", $"{s.Past}", $"at least 0");
            long rows = (long)s.Past + (s.Visibility == Visibility.Full ? s.Keys : Math.Max(s.Keys, s.Queries));
            long needed = (rows + pool.PageSize - 1) / pool.PageSize;
            ShapeMismatchException.Require(s.Pages.Count >= needed, "Attention", "the page table of a segment",
                $"{s.Pages.Count} pages long", $"at least {needed}");
        }

        if (s.Visibility == Visibility.Tree)
        {
            ShapeMismatchException.Require(s.Parents?.Length == s.Keys && s.Queries == s.Keys, "Attention",
                "the tree of a segment", $"{s.Parents?.Length ?? 0} parents long", $"{s.Keys}, one for each row,");
            for (int i = 0; i < s.Parents!.Length; i++)
            {
                ShapeMismatchException.Require(s.Parents[i] >= -1 && s.Parents[i] < i, "Attention", "the parent of a tree row",
                    $"{s.Parents[i]} (tree row {i})", $"-1 to {i - 1}");
            }
        }
    }
}
