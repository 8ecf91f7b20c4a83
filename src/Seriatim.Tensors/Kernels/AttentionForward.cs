namespace Seriatim.Tensors;

/// <summary>
/// Attention with a running softmax (Milakov and Gimelshein, 2018; Dao et al., 2022: FlashAttention), reading keys where they are
/// stored and never holding more than a tile of scores.
/// </summary>
/// <remarks>
/// Order of operations of one query row, whatever rows, chunks, pages or threads come along: scores add d = 0, 1, 2, ... with
/// 16 keys in 16 lanes; keys go in blocks of 64 by position; each block updates the maximum, 16 partial sums (key mod 16) and
/// the outputs, which add keys one after another. Work on a block of which the row sees nothing leaves its state as it is:
/// weights are exactly 0 and the factor exactly 1. (Adding 0 · v can turn -0 into +0; the last step adds +0, so that this
/// never shows.) Only 0 times a value that is not finite would show: a piece whose outputs are not finite is done once more,
/// each row adding nothing but the values it sees.
/// </remarks>
internal unsafe struct AttentionForward<T> : IWork
    where T : struct, ILanes<T>
{
    private const int KeyBlock = AttentionTask.KeyBlock;
    private const int TileScores = 8 * KeyBlock;
    private const int RowFloats = 6; // the size of a Row

    public WorkerTeam Team;
    public AttentionTask Task;
    public AttentionRows Rows;
    public AttentionSpec Spec;
    public AttentionScores<T> Scores;
    public AttentionKeys Keys;
    public float* Q;
    public float* SinkQ;
    public float* Y;
    public float* LogSumExp;
    public float* Additive; // [H][D], or null
    public float* SinkLogits; // [H], or null
    public int Layer;

    public static void Run(
        WorkerTeam team, Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec,
        Tensor? sinkQ, Tensor y, Tensor logSumExp)
    {
        AttentionTask task = AttentionTask.Of(rows, spec);
        using Tensor? table = AttentionScores<T>.ExpandTable(spec);
        using var keys = new AttentionKeys.Packed(team, task, rows, k, v, spec);
        var work = new AttentionForward<T>
        {
            Team = team,
            Task = task,
            Rows = rows,
            Spec = spec,
            Scores = new AttentionScores<T>(spec, table),
            Keys = keys.Keys,
            Q = q.Floats,
            SinkQ = (sinkQ ?? q).Floats,
            Y = y.Floats,
            LogSumExp = logSumExp.Floats,
            Additive = spec.Additive is { } additive ? additive.Data.Floats : null,
            SinkLogits = spec.SinkLogits is { } sinks ? sinks.Data.Floats : null,
            Layer = layer,
        };
        team.Run(task.Pieces, ref work, task.Cost);
    }

    public readonly void Do(int piece, int worker)
    {
        Task.Locate(piece, out int segmentIndex, out int keyHead, out int firstRow, out int rows);
        int d = Spec.HeadDim;
        int oStride = (d + 31) & ~31;
        int maxRows = AttentionTask.RowsPerPiece + 8 + Spec.Heads;
        Scratch scratch = Team.ScratchOf(worker);
        var state = new PieceState
        {
            Segment = Rows.Segments[segmentIndex],
            SegmentIndex = segmentIndex,
            KeyHead = keyHead,
            FirstRow = firstRow,
            Rows = rows,
            Group = Spec.Heads / Spec.KeyValueHeads,
            OutputStride = oStride,
            Tile = scratch.Take(TileScores),
            SinkTile = scratch.Take(TileScores),
            Gather = scratch.Take(AttentionKeys.GatherFloats(d)),
            Query = scratch.Take((long)maxRows * d),
            SinkQuery = scratch.Take((long)maxRows * d),
            Output = scratch.Take((long)maxRows * oStride),
            Sums = scratch.Take((long)maxRows * 16),
            Maxima = scratch.Take(maxRows),
            RowsOf = (Row*)scratch.Take((long)maxRows * RowFloats),
        };
        if (Blocks(ref state))
            return;
        state.SeenOnly = true;
        Blocks(ref state);
    }

    /// <summary>All blocks of keys, from the start; whether all outputs are finite.</summary>
    private readonly bool Blocks(ref PieceState state)
    {
        Begin(ref state);
        for (int block = state.FirstKey / KeyBlock * KeyBlock; block < state.EndKey; block += KeyBlock)
        {
            if (block >= state.SinkEnd && block + KeyBlock <= state.WindowStart)
                continue;
            Block(ref state, block);
        }

        return Finish(ref state);
    }

    /// <summary>Packs the scaled queries tile by tile as <c>[D][rows of the tile]</c> and clears the running state.</summary>
    private readonly void Begin(ref PieceState state)
    {
        int d = Spec.HeadDim;
        new Span<float>(state.Output, (state.Rows + 8) * state.OutputStride).Clear();
        new Span<float>(state.Sums, state.Rows * 16).Clear();
        new Span<float>(state.Maxima, state.Rows).Fill(float.NegativeInfinity);
        state.WindowStart = int.MaxValue;
        for (int row = 0; row < state.Rows; row++)
        {
            AttentionRowRange range = AttentionRowRange.Of(state.Segment, (state.FirstRow + row) / state.Group, Spec);
            state.RowsOf[row] = new Row(range, state.KeyHead * state.Group + (state.FirstRow + row) % state.Group);
            state.EndKey = Math.Max(state.EndKey, range.End);
            state.SinkEnd = Math.Max(state.SinkEnd, range.Sinks);
            state.MovedSinkEnd = Math.Max(state.MovedSinkEnd, range.MovesSinks ? range.Sinks : 0);
            state.WindowStart = Math.Min(state.WindowStart, range.First);
        }

        state.FirstKey = state.SinkEnd > 0 ? 0 : state.WindowStart;
        PackQueries(state, Q, state.Query);
        if (state.MovedSinkEnd > 0)
            PackQueries(state, SinkQ, state.SinkQuery);
    }

    private readonly void PackQueries(in PieceState state, float* from, float* packed)
    {
        int d = Spec.HeadDim;
        for (int first = 0; first < state.Rows; first += 8)
        {
            int valid = Math.Min(8, state.Rows - first);
            int tileRows = OuterProduct<T>.TileRows(valid);
            float* to = packed + first * d;
            for (int r = 0; r < tileRows; r++)
            {
                float* query = r < valid ? from + PlaceOf(state, first + r) * d : null;
                for (int i = 0; i < d; i++)
                    to[i * tileRows + r] = query == null ? 0 : query[i] * Spec.Scale;
            }
        }
    }

    private readonly void Block(ref PieceState state, int block)
    {
        int end = Math.Min(block + KeyBlock, state.EndKey);
        int pieces = (end - block + 15) / 16;
        float** keys = stackalloc float*[4];
        float** values = stackalloc float*[4];
        bool joined = Keys.Find<T>(state.Segment, state.SegmentIndex, TreeRow(state), Layer, state.KeyHead, block, end,
            state.Gather, keys, values);
        for (int first = 0; first < state.Rows; first += 8)
        {
            int valid = Math.Min(8, state.Rows - first);
            int tileRows = OuterProduct<T>.TileRows(valid);
            if (!TileSees(state, first, valid, block, out int tileEnd))
                continue;
            int tilePieces = Math.Min(pieces, (tileEnd - block + 15) / 16);
            ScoreTile(state, state.Query + first * Spec.HeadDim, state.Tile, tileRows, tilePieces, keys);
            int sinkPieces = Math.Clamp((state.MovedSinkEnd - block + 15) / 16, 0, tilePieces);
            if (sinkPieces > 0)
                ScoreTile(state, state.SinkQuery + first * Spec.HeadDim, state.SinkTile, tileRows, sinkPieces, keys);
            for (int r = 0; r < valid; r++)
                SoftmaxRow(state, first + r, r * KeyBlock, block, tilePieces);
            if (!state.SeenOnly)
                AddValues(state, first, tileRows, Math.Min(tileEnd, end) - block, values, joined);
            for (int r = 0; state.SeenOnly && r < valid; r++)
                AddSeenValues(state, first + r, r, block, Math.Min(tileEnd, end) - block, values);
        }
    }

    /// <summary>Whether any row of a tile sees a key of the block, and the end of what it sees.</summary>
    private readonly bool TileSees(in PieceState state, int first, int valid, int block, out int tileEnd)
    {
        tileEnd = 0;
        bool sees = false;
        for (int r = 0; r < valid; r++)
        {
            AttentionRowRange range = state.RowsOf[first + r].Range;
            tileEnd = Math.Max(tileEnd, range.End);
            sees |= block < range.Sinks || (range.First < block + KeyBlock && range.End > block);
        }

        tileEnd = Math.Min(tileEnd, block + KeyBlock);
        return sees && tileEnd > block;
    }

    private readonly void ScoreTile(in PieceState state, float* query, float* tile, int tileRows, int pieces, float** keys)
    {
        int d = Spec.HeadDim;
        for (int p = 0; Additive != null && p < pieces; p++)
            AdditiveScores<T>.Tile(tileRows, d, query, Additive + state.KeyHead * d, keys[p], tile + p * 16, KeyBlock);
        if (Additive != null)
            return;
        new Span<float>(tile, tileRows * KeyBlock).Clear();
        for (int p = 0; p < pieces; p += 2)
        {
            float* second = p + 1 < pieces ? keys[p + 1] : keys[p];
            AddScores(tileRows, d, query, keys[p], second, tile + p * 16);
        }
    }

    private static void AddScores(int tileRows, int d, float* query, float* first, float* second, float* scores)
    {
        switch (tileRows)
        {
            case 8: OuterProduct<T>.Add<TileLayouts.Packed8>(8, d, query, first, second, 16, scores, KeyBlock); break;
            case 4: OuterProduct<T>.Add<TileLayouts.Packed4>(4, d, query, first, second, 16, scores, KeyBlock); break;
            case 2: OuterProduct<T>.Add<TileLayouts.Packed2>(2, d, query, first, second, 16, scores, KeyBlock); break;
            default: OuterProduct<T>.Add<TileLayouts.Packed1>(1, d, query, first, second, 16, scores, KeyBlock); break;
        }
    }

    /// <summary>Turns a row of scores into weights, and brings its maximum, sums and outputs up to date.</summary>
    private readonly void SoftmaxRow(in PieceState state, int row, int tileRow, int block, int pieces)
    {
        float* scores = state.Tile + tileRow;
        AttentionRowRange range = state.RowsOf[row].Range;
        int head = state.RowsOf[row].Head;
        T minusInfinity = T.Broadcast(float.NegativeInfinity);
        float before = state.Maxima[row];
        T max = T.Broadcast(before);
        for (int p = 0; p < pieces; p++)
        {
            T score = Scores.Shape(T.Load(scores + p * 16), head, block + p * 16, range.Position, out _);
            if (range.MovesSinks && block + p * 16 < range.Sinks)
            {
                T moved = Scores.Shape(T.Load(state.SinkTile + tileRow + p * 16), head, block + p * 16,
                    range.SinkPosition, out _);
                score = T.Select(T.Less(T.Count(block + p * 16), T.Broadcast(range.Sinks)), moved, score);
            }

            if (!AttentionScores<T>.SeesAll(range, block + p * 16, 16))
                score = T.Select(AttentionScores<T>.Mask(range, block + p * 16), score, minusInfinity);
            T.Store(score, scores + p * 16);
            max = T.Max(score, max);
        }

        float after = T.MaxLane(max);
        T shift = T.Broadcast(float.IsNegativeInfinity(after) ? 0 : after);
        T sums = T.Load(state.Sums + row * 16);
        if (after != before)
        {
            state.Maxima[row] = after;
            T factor = LaneMath<T>.Exp(T.Broadcast(before) - shift);
            sums *= factor;
            float* output = state.Output + row * state.OutputStride;
            for (int i = 0; i < state.OutputStride; i += 16)
                T.Store(T.Load(output + i) * factor, output + i);
        }

        for (int p = 0; p < pieces; p++)
        {
            T weight = LaneMath<T>.Exp(T.Load(scores + p * 16) - shift);
            T.Store(weight, scores + p * 16);
            sums += weight;
        }

        T.Store(sums, state.Sums + row * 16);
        if (!Spec.Dropout.IsNone)
            Drop(state, row, scores, block, pieces);
    }

    /// <summary>Drops weights of a row, after they were summed.</summary>
    private readonly void Drop(in PieceState state, int row, float* weights, int block, int pieces)
    {
        var lanes = new DropoutLanes<T>(Spec.Dropout);
        int n = state.Segment.QueryRow + (state.FirstRow + row) / state.Group;
        (int, int) keys = Spec.Dropout.RowKeys((long)n * Spec.Heads + state.RowsOf[row].Head);
        for (int p = 0; p < pieces; p++)
            T.Store(T.Load(weights + p * 16) * DropoutMask.Factors(lanes, keys, block + p * 16), weights + p * 16);
    }

    private readonly void AddValues(in PieceState state, int first, int tileRows, int depth, float** values, bool joined)
    {
        int stride = KeyValuePool.PaddedDim(Spec.HeadDim);
        float* output = state.Output + first * state.OutputStride;
        for (int column = 0; column < stride; column += 32)
        {
            int second = column + 16 < stride ? 16 : 0;
            int step = joined ? KeyBlock : 16;
            for (int key = 0; key < depth; key += step)
            {
                float* b = values[key / 16] + column;
                OuterProduct<T>.Add<TileLayouts.Rows64>(tileRows, Math.Min(step, depth - key), state.Tile + key, b,
                    b + second, stride, output + column, state.OutputStride);
            }
        }
    }

    /// <summary>As <see cref="AddValues"/> for one row, without the values that it does not see.</summary>
    private readonly void AddSeenValues(in PieceState state, int row, int tileRow, int block, int depth, float** values)
    {
        AttentionRowRange range = state.RowsOf[row].Range;
        float* weights = state.Tile + tileRow * KeyBlock;
        float* output = state.Output + row * state.OutputStride;
        AddRun(weights, 0, Math.Min(range.Sinks - block, depth), values, output);
        AddRun(weights, Math.Max(range.First - block, 0), Math.Min(range.End - block, depth), values, output);
    }

    private readonly void AddRun(float* weights, int first, int end, float** values, float* output)
    {
        int stride = KeyValuePool.PaddedDim(Spec.HeadDim);
        for (int column = 0; column < stride; column += 32)
        {
            int second = column + 16 < stride ? 16 : 0;
            int count;
            for (int key = first; key < end; key += count)
            {
                count = Math.Min(16 - key % 16, end - key);
                float* b = values[key / 16] + key % 16 * stride + column;
                OuterProduct<T>.Add<TileLayouts.Rows64>(1, count, weights + key, b, b + second, stride, output + column, 32);
            }
        }
    }

    /// <summary>Writes outputs and log-sum-exps; whether all outputs are finite.</summary>
    private readonly bool Finish(ref PieceState state)
    {
        int d = Spec.HeadDim;
        T zero = T.Broadcast(0f), check = zero; // 0 times what is not finite is NaN
        float* rounded = state.Tile;
        for (int row = 0; row < state.Rows; row++)
        {
            int n = state.Segment.QueryRow + (state.FirstRow + row) / state.Group;
            int head = state.RowsOf[row].Head;
            float sum = T.Sum(T.Load(state.Sums + row * 16)), share = 1;
            if (SinkLogits != null)
                (sum, share) = WithSink(ref state.Maxima[row], sum, SinkLogits[head]);
            bool any = sum != 0; // also if it is not a number: then the row is none
            LogSumExp[(long)n * Spec.Heads + head] = any ? state.Maxima[row] + LaneMath<T>.Log(sum) : state.Maxima[row];
            T factor = T.Broadcast(any ? share / sum : 0);
            float* y = Y + ((long)n * Spec.Heads + head) * d;
            float* output = state.Output + row * state.OutputStride;
            int i = 0;
            for (; i + 16 <= d; i += 16)
            {
                T value = T.Load(output + i);
                check = T.MultiplyAdd(value, zero, check);
                T.Store(T.MultiplyAdd(value, factor, zero), y + i);
            }

            if (i < d)
            {
                T value = T.Load(output + i);
                check = T.MultiplyAdd(value, zero, check);
                T.Store(T.MultiplyAdd(value, factor, zero), rounded);
                new ReadOnlySpan<float>(rounded, d - i).CopyTo(new Span<float>(y + i, d - i));
            }
        }

        return T.Sum(check) == 0;
    }

    /// <summary>A row's sum with the logit without a value, over the new maximum, and the factor of its outputs.</summary>
    private static (float Sum, float Share) WithSink(ref float maximum, float sum, float sink)
    {
        float before = maximum;
        maximum = before > sink ? before : sink;
        float share = LaneMath<T>.Exp(before - maximum);
        return (sum * share + LaneMath<T>.Exp(sink - maximum), share);
    }

    /// <summary>Which query of q, counting heads, a row of the piece is.</summary>
    private readonly long PlaceOf(in PieceState state, int row)
    {
        int n = state.Segment.QueryRow + (state.FirstRow + row) / state.Group;
        return (long)n * Spec.Heads + state.RowsOf[row].Head;
    }

    /// <summary>The row of the tree that a piece is about; -1 outside trees.</summary>
    private static int TreeRow(in PieceState state) =>
        state.Segment.Visibility == Visibility.Tree ? state.FirstRow / state.Group : -1;

    /// <summary>What a query row sees, and its head: worked out once a piece.</summary>
    private readonly record struct Row(AttentionRowRange Range, int Head);

    private struct PieceState
    {
        public AttentionSegment Segment;
        public int SegmentIndex, KeyHead, FirstRow, Rows, Group, OutputStride;
        public int FirstKey, EndKey, SinkEnd, MovedSinkEnd, WindowStart;
        public bool SeenOnly; // rows add the values they see, one row at a time
        public float* Tile;    // [8][64] scores, then weights
        public float* SinkTile; // [8][64] scores of the queries for the sinks
        public float* Gather;  // keys and values of a block that cannot be read in place
        public float* Query;   // [tiles][D][rows of the tile], scaled
        public float* SinkQuery; // likewise, for the sinks
        public float* Output;  // [Rows + 8][OutputStride]
        public float* Sums;    // [Rows][16]
        public float* Maxima;  // [Rows]
        public Row* RowsOf;    // [Rows]
    }
}
