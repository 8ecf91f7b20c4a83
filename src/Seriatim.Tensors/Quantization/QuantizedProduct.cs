namespace Seriatim.Tensors;

/// <summary>
/// <c>y = x Wᵀ + b</c> with W in quantised blocks, for any number of rows: a panel of 16 outputs is walked in chunks of 256 inputs; a
/// chunk is opened once, stays in the first cache, and meets every tile of rows. So few rows stream the weights once, and many rows
/// pay for opening them once.
/// </summary>
/// <remarks>Work is cut along outputs only. The sums start from the bias and add group after group.</remarks>
internal static unsafe class QuantizedProduct
{
    /// <summary>Tiles whose running results stay in the first cache.</summary>
    private const int TileBlock = 48;

    private const int Lanes = PanelChunk.Outputs;

    /// <summary>Computes some panels.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="dot">The instructions to use.</param>
    /// <param name="x">Quantised rows.</param>
    /// <param name="weight">W and b.</param>
    /// <param name="firstPanel">First panel of 16 outputs.</param>
    /// <param name="panels">How many panels.</param>
    /// <param name="y">Result; column 0 is the first output of the first panel.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public static void Forward(
        WorkerTeam team, DotKind dot, QuantizedRows x, QuantizedWeight weight, int firstPanel, int panels, float* y, nint yStride)
    {
        switch (dot)
        {
            case DotKind.Vnni: Forward<DotVnni>(team, x, weight, firstPanel, panels, y, yStride); break;
            case DotKind.Bits512: Forward<Dot512>(team, x, weight, firstPanel, panels, y, yStride); break;
            case DotKind.Bits256: Forward<Dot256>(team, x, weight, firstPanel, panels, y, yStride); break;
            case DotKind.Arm: Forward<DotArm>(team, x, weight, firstPanel, panels, y, yStride); break;
            default: Forward<Dot128>(team, x, weight, firstPanel, panels, y, yStride); break;
        }
    }

    private static void Forward<T>(
        WorkerTeam team, QuantizedRows x, QuantizedWeight weight, int firstPanel, int panels, float* y, nint yStride)
        where T : struct, IDotLanes<T>
    {
        if (x.Rows == 0)
            return;
        BlockFacts facts = weight.Quantized.Facts;
        (Tensor starts, Tensor? sums) = x.For(facts, T.Offset);
        long cost = (long)x.Rows * weight.Inputs * Lanes;
        var work = new Work<T>
        {
            Team = team,
            X = x,
            Starts = starts,
            Sums = sums,
            GroupValues = facts.GroupValues,
            Weight = weight,
            Bias = weight.Bias is { } bias ? bias.Data.Floats : null,
            Y = y,
            YStride = yStride,
            FirstPanel = firstPanel,
            Panels = panels,
            PanelsPerPiece = (int)Math.Clamp(WorkerTeam.SmallestShare / Math.Max(1, cost), 1, panels),
        };
        team.Run((panels + work.PanelsPerPiece - 1) / work.PanelsPerPiece, ref work);
    }

    private struct Work<T> : IWork
        where T : struct, IDotLanes<T>
    {
        public WorkerTeam Team;
        public QuantizedRows X;
        public Tensor Starts;
        public Tensor? Sums;
        public QuantizedWeight Weight;
        public float* Bias;
        public float* Y;
        public nint YStride;
        public int GroupValues, FirstPanel, Panels, PanelsPerPiece;

        public readonly void Do(int piece, int worker)
        {
            int block = Math.Min(TileBlock, X.Tiles);
            int results = block * QuantizedRows.MaxTileRows * Lanes;
            float* scratch = Team.ScratchOf(worker, results + PanelChunk.ScratchFloats);
            for (int p = piece * PanelsPerPiece; p < Math.Min(Panels, (piece + 1) * PanelsPerPiece); p++)
            {
                for (int tile = 0; tile < X.Tiles; tile += block)
                    Block(p, tile, Math.Min(X.Tiles, tile + block), scratch, scratch + results);
            }
        }

        private readonly void Block(int p, int firstTile, int endTile, float* results, float* scratch)
        {
            int firstOutput = (FirstPanel + p) * Lanes;
            int outputs = Math.Min(Lanes, Weight.Outputs - firstOutput);
            Begin(results, endTile - firstTile, firstOutput, outputs);
            for (int k = 0; k < Weight.Inputs; k += PanelChunk.Inputs)
            {
                int groups32 = Math.Min(PanelChunk.Inputs, Weight.Inputs - k) / 32;
                PanelChunk chunk = Weight.Quantized.Open(FirstPanel + p, k, scratch);
                float* to = results;
                for (int tile = firstTile; tile < endTile; tile++, to += QuantizedRows.MaxTileRows * Lanes)
                {
                    TileRows rows = X.Tile(tile, k, GroupValues, Starts, Sums);
                    DotTile<T>.Add(X.TileRows(tile), groups32, 32 / GroupValues, chunk, rows, to);
                }
            }

            for (int row = firstTile * QuantizedRows.MaxTileRows; row < Math.Min(X.Rows, endTile * QuantizedRows.MaxTileRows); row++)
            {
                float* from = results + (row - firstTile * QuantizedRows.MaxTileRows) * Lanes;
                new ReadOnlySpan<float>(from, outputs).CopyTo(new Span<float>(Y + row * YStride + p * Lanes, outputs));
            }
        }

        /// <summary>Starts the sums at the bias, or at 0.</summary>
        private readonly void Begin(float* results, int tiles, int firstOutput, int outputs)
        {
            new Span<float>(results, tiles * QuantizedRows.MaxTileRows * Lanes).Clear();
            if (Bias == null)
                return;
            for (int row = 0; row < tiles * QuantizedRows.MaxTileRows; row++)
                new ReadOnlySpan<float>(Bias + firstOutput, outputs).CopyTo(new Span<float>(results + row * Lanes, outputs));
        }
    }
}
