namespace Seriatim.Tensors;

/// <summary>
/// Attention over gathered rows with a running softmax (Milakov and Gimelshein, 2018): never more than a tile of scores, and
/// only blocks of keys of which a query of the part sees any.
/// </summary>
/// <remarks>
/// Order of operations of one query row: as in <see cref="AttentionForward{T}"/>, with the place in its piece's list instead of
/// the position in the sequence: keys in blocks of 64 by place, 16 partial sums (place mod 16), outputs in the order of places. A
/// block of which the row sees nothing leaves its state as it is.
/// </remarks>
internal unsafe struct GatheredForward<T> : IWork
    where T : struct, ILanes<T>
{
    private const int KeyBlock = AttentionTask.KeyBlock;
    private const int RangeFloats = 5;

    public WorkerTeam Team;
    public GatheredTask Task;
    public GatheredRows Rows;
    public GatheredAttentionSpec Spec;
    public GatheredScores<T> Scores;
    public float* Q;
    public float* K;
    public float* V;
    public float* Y;
    public float* LogSumExp;

    public static void Run(
        WorkerTeam team, Tensor q, Tensor k, Tensor v, GatheredRows rows, GatheredAttentionSpec spec, Tensor y, Tensor logSumExp)
    {
        // Rows of no piece see nothing.
        y.Span.Clear();
        logSumExp.Span.Fill(float.NegativeInfinity);
        GatheredTask task = rows.Task!;
        var work = new GatheredForward<T>
        {
            Team = team,
            Task = task,
            Rows = rows,
            Spec = spec,
            Scores = new GatheredScores<T>(spec),
            Q = q.Floats,
            K = k.Floats,
            V = v.Floats,
            Y = y.Floats,
            LogSumExp = logSumExp.Floats,
        };
        team.Run(task.Parts, ref work, task.Cost(spec.HeadDim));
    }

    public readonly void Do(int piece, int worker)
    {
        int d = Spec.HeadDim;
        int stride = (d + 31) & ~31;
        Scratch scratch = Team.ScratchOf(worker);
        const int MaxRows = GatheredTask.QueriesPerPart + 8;
        var state = new PartState
        {
            Stride = stride,
            Tile = scratch.Take(8 * KeyBlock),
            Keys = scratch.Take(KeyBlock * d),
            Values = scratch.Take(KeyBlock * stride),
            Spare = scratch.Take(16 * d),
            Positions = scratch.Take(KeyBlock),
            Query = scratch.Take(MaxRows * d),
            Output = scratch.Take(MaxRows * stride),
            Sums = scratch.Take(MaxRows * 16),
            Maxima = scratch.Take(MaxRows),
            Ranges = (AttentionRowRange*)scratch.Take(MaxRows * RangeFloats),
        };
        Task.Locate(piece, out int segment, out state.Piece, out state.Head, out state.FirstQuery, out state.Rows);
        state.FirstRow = Rows.Segments[segment].FirstRow;
        Begin(ref state);
        for (int block = 0; block < state.End; block += KeyBlock)
        {
            if (block < state.Piece.Always || block + KeyBlock > state.Start)
                Block(state, block);
        }

        Finish(state);
    }

    /// <summary>Packs the scaled queries tile by tile as <c>[D][rows of the tile]</c> and clears the running state.</summary>
    private readonly void Begin(ref PartState state)
    {
        int d = Spec.HeadDim;
        new Span<float>(state.Output, (state.Rows + 8) * state.Stride).Clear();
        new Span<float>(state.Sums, state.Rows * 16).Clear();
        new Span<float>(state.Maxima, state.Rows).Fill(float.NegativeInfinity);
        (state.Start, state.End) = (int.MaxValue, state.Piece.Always);
        for (int row = 0; row < state.Rows; row++)
        {
            AttentionRowRange range = state.Piece.RangeOf(state.FirstQuery + row);
            state.Ranges[row] = range;
            if (range.First >= range.End)
                continue;
            state.Start = Math.Min(state.Start, range.First);
            state.End = Math.Max(state.End, range.End);
        }

        for (int first = 0; first < state.Rows; first += 8)
        {
            int valid = Math.Min(8, state.Rows - first);
            int tileRows = OuterProduct<T>.TileRows(valid);
            float* to = state.Query + first * d;
            for (int r = 0; r < tileRows; r++)
            {
                float* query = r < valid ? Q + PlaceOf(state, first + r) * d : null;
                for (int i = 0; i < d; i++)
                    to[i * tileRows + r] = query == null ? 0 : query[i] * Spec.Scale;
            }
        }
    }

    private readonly void Block(in PartState state, int block)
    {
        int d = Spec.HeadDim;
        int columns = Spec.Heads * d;
        int end = Math.Min(block + KeyBlock, state.End);
        ReadOnlySpan<int> keys = state.Piece.Keys.AsSpan(block, end - block);
        long start = (long)state.FirstRow * columns + state.Head * d;
        GatheredScores<T>.Panels(K + start, columns, keys, d, state.Keys, state.Spare);
        GatheredScores<T>.Rows(V + start, columns, keys, d, state.Values, state.Stride);
        Scores.Positions(keys, state.Positions);
        bool finite = GatheredScores<T>.IsFinite(state.Values, keys.Length * state.Stride);
        for (int first = 0; first < state.Rows; first += 8)
        {
            int valid = Math.Min(8, state.Rows - first);
            if (!TileSees(state, first, valid, block, out int tileEnd))
                continue;
            int tileRows = OuterProduct<T>.TileRows(valid);
            int depth = Math.Min(tileEnd, end) - block;
            int panels = (depth + 15) / 16;
            new Span<float>(state.Tile, tileRows * KeyBlock).Clear();
            for (int p = 0; p < panels; p += 2)
            {
                float* second = state.Keys + (p + 1 < panels ? p + 1 : p) * 16 * d;
                AddScores(tileRows, d, state.Query + first * d, state.Keys + p * 16 * d, second, state.Tile + p * 16);
            }

            for (int r = 0; r < valid; r++)
                SoftmaxRow(state, first + r, state.Tile + r * KeyBlock, block, panels);
            if (finite)
                AddValues(state, first, tileRows, depth);
            else
                AddSeenValues(state, first, valid, block, depth);
        }
    }

    private static void AddValues(in PartState state, int first, int tileRows, int depth)
    {
        float* output = state.Output + first * state.Stride;
        for (int column = 0; column < state.Stride; column += 32)
        {
            float* b = state.Values + column;
            OuterProduct<T>.Add<TileLayouts.Rows64>(
                tileRows, depth, state.Tile, b, b + 16, state.Stride, output + column, state.Stride);
        }
    }

    /// <summary>The same sums without the values that a row does not see, whose 0 times infinity would show.</summary>
    private readonly void AddSeenValues(in PartState state, int first, int rows, int block, int depth)
    {
        for (int r = 0; r < rows; r++)
        {
            AttentionRowRange range = state.Ranges[first + r];
            float* output = state.Output + (first + r) * state.Stride;
            for (int j = 0; j < depth; j++)
            {
                if (Scores.Sees(range, block + j, state.Piece.Keys[block + j]))
                {
                    GatheredScores<T>.AddRow(
                        state.Tile[r * KeyBlock + j], state.Values + j * state.Stride, output, state.Stride);
                }
            }
        }
    }

    /// <summary>Whether any row of a tile sees a key of the block, and the end of what it sees.</summary>
    private static bool TileSees(in PartState state, int first, int valid, int block, out int tileEnd)
    {
        tileEnd = 0;
        bool sees = false;
        for (int r = 0; r < valid; r++)
        {
            AttentionRowRange range = state.Ranges[first + r];
            tileEnd = Math.Max(tileEnd, Math.Max(range.End, range.Sinks));
            sees |= block < range.Sinks || (range.First < Math.Min(block + KeyBlock, range.End) && range.End > block);
        }

        tileEnd = Math.Min(tileEnd, block + KeyBlock);
        return sees && tileEnd > block;
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
    private readonly void SoftmaxRow(in PartState state, int row, float* scores, int block, int panels)
    {
        AttentionRowRange range = state.Ranges[row];
        T minusInfinity = T.Broadcast(float.NegativeInfinity);
        float before = state.Maxima[row];
        T max = T.Broadcast(before);
        for (int p = 0; p < panels; p++)
        {
            float* positions = state.Positions + p * 16;
            T score = Scores.Shape(T.Load(scores + p * 16), range, positions);
            if (!Scores.SeesAll(range, block + p * 16))
                score = T.Select(Scores.Mask(range, block + p * 16, positions), score, minusInfinity);
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
            float* output = state.Output + row * state.Stride;
            for (int i = 0; i < state.Stride; i += 16)
                T.Store(T.Load(output + i) * factor, output + i);
        }

        for (int p = 0; p < panels; p++)
        {
            T weight = LaneMath<T>.Exp(T.Load(scores + p * 16) - shift);
            T.Store(weight, scores + p * 16);
            sums += weight;
        }

        T.Store(sums, state.Sums + row * 16);
        if (Spec.Dropout.IsNone)
            return;
        var lanes = new DropoutLanes<T>(Spec.Dropout);
        (int, int) keys = Spec.Dropout.RowKeys(PlaceOf(state, row));
        for (int p = 0; p < panels; p++)
            T.Store(T.Load(scores + p * 16) * DropoutMask.Factors(lanes, keys, block + p * 16), scores + p * 16);
    }

    /// <summary>Writes outputs and log-sum-exps.</summary>
    private readonly void Finish(in PartState state)
    {
        int d = Spec.HeadDim;
        T zero = T.Broadcast(0f);
        for (int row = 0; row < state.Rows; row++)
        {
            long place = PlaceOf(state, row);
            float sum = T.Sum(T.Load(state.Sums + row * 16));
            bool any = sum != 0; // also if it is not a number: then the row is none
            LogSumExp[place] = any ? state.Maxima[row] + LaneMath<T>.Log(sum) : state.Maxima[row];
            T factor = Spec.OwnScore is null
                ? T.Broadcast(any ? 1 / sum : 0)
                : LaneMath<T>.Exp(T.Broadcast(any ? state.Maxima[row] - LogSumExp[place] : float.NegativeInfinity));
            float* output = state.Output + row * state.Stride;
            for (int i = 0; i < d; i += 16)
                RowKernel.Store(T.MultiplyAdd(T.Load(output + i), factor, zero), Y + place * d + i, d - i);
        }
    }

    /// <summary>Which query of q, counting heads, a row of the part is.</summary>
    private readonly long PlaceOf(in PartState state, int row) =>
        (long)(state.FirstRow + state.Piece.Queries[state.FirstQuery + row]) * Spec.Heads + state.Head;

    private struct PartState
    {
        public GatheredPiece Piece;
        public int FirstRow, Head, FirstQuery, Rows, Stride;
        public int Start, End;   // places that any row sees, besides those always seen
        public float* Tile;      // [8][64] scores, then weights
        public float* Keys;      // [4][D][16]
        public float* Values;    // [64][Stride]
        public float* Spare;     // [16][D]
        public float* Positions; // [64] of the keys
        public float* Query;     // [tiles][D][rows of the tile], scaled
        public float* Output;    // [Rows + 8][Stride]
        public float* Sums;      // [Rows][16]
        public float* Maxima;    // [Rows]
        public AttentionRowRange* Ranges; // [Rows]
    }
}
