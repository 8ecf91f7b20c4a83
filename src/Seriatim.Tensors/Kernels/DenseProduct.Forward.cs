namespace Seriatim.Tensors;

/// <content><c>y = x Wᵀ + b</c>.</content>
internal static unsafe partial class DenseProduct<T>
{
    /// <summary><c>y[n, 32 p ...] = b + Σ_k x[n,k] W[o,k]</c> for some panels of the weight.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="packed">Rows packed by <see cref="PackRows"/>.</param>
    /// <param name="rows">Number of rows, N.</param>
    /// <param name="weight">W and b.</param>
    /// <param name="firstPanel">First panel to compute.</param>
    /// <param name="panels">How many panels.</param>
    /// <param name="y">Result; column 0 is the first output of the first panel.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public static void Forward(WorkerTeam team, float* packed, int rows, DenseWeight weight, int firstPanel, int panels, float* y,
        nint yStride)
    {
        if (rows == 0)
            return;
        var work = new ForwardWork
        {
            Team = team,
            Packed = packed,
            Weight = weight,
            Bias = weight.Bias is { } bias ? bias.Data.Floats : null,
            Rows = rows,
            FirstPanel = firstPanel,
            Y = y,
            YStride = yStride,
            Panels = panels,
            PanelsPerPiece = PerPiece(panels, (long)rows * weight.Inputs * Panel, rows, team.Threads),
        };
        team.Run((panels + work.PanelsPerPiece - 1) / work.PanelsPerPiece, ref work);
    }

    private struct ForwardWork : IWork
    {
        public WorkerTeam Team;
        public DenseWeight Weight;
        public float* Packed;
        public float* Bias;
        public float* Y;
        public nint YStride;
        public int Rows, FirstPanel, Panels, PanelsPerPiece;

        public readonly void Do(int piece, int worker)
        {
            Scratch scratch = Team.ScratchOf(worker);
            float* tile = scratch.Take(TileFloats);
            int first = piece * PanelsPerPiece;
            int end = Math.Min(Panels, first + PanelsPerPiece);
            if (Rows <= FewRows)
            {
                for (int p = first; p < end; p++)
                {
                    for (int row = 0; row < Rows; row += OuterProduct<T>.MaxRows)
                        OneTile(p, row, tile);
                }

                return;
            }

            float* widened = scratch.Take(DepthBlock * Panel);
            int block = RowBlock(Rows);
            for (int row = 0; row < Rows; row += block)
                Block(first, end, row, Math.Min(block, Rows - row), tile, widened);
        }

        /// <summary>
        /// Few rows: the panel streams through, from memory for the first tile and from the
        /// second cache for others, widened in registers.
        /// </summary>
        private readonly void OneTile(int p, int firstRow, float* tile)
        {
            switch (Weight.Matrix.Data.Type)
            {
                case DataType.F16: OneTile<PanelElements.Streamed<PanelElements.Half>>(p, firstRow, tile); break;
                case DataType.BF16: OneTile<PanelElements.Streamed<PanelElements.BFloat16>>(p, firstRow, tile); break;
                default: OneTile<PanelElements.Streamed<PanelElements.Single>>(p, firstRow, tile); break;
            }
        }

        private readonly void OneTile<TElement>(int p, int firstRow, float* tile)
            where TElement : struct, IPanelElement
        {
            int rows = Math.Min(OuterProduct<T>.MaxRows, Rows - firstRow);
            AddTile<TElement>(OuterProduct<T>.TileRows(rows), rows, Columns(p), Weight.Inputs,
                Packed + (long)firstRow * Weight.Inputs, PanelStart(Weight, FirstPanel + p, 0), Start(p),
                Y + firstRow * YStride + p * Panel, YStride, tile);
        }

        private readonly void Block(int first, int end, int firstRow, int rows, float* tile, float* scratch)
        {
            int inputs = Weight.Inputs;
            for (int k = 0; k < inputs; k += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, inputs - k);
                for (int p = first; p < end; p++)
                {
                    float* y = Y + firstRow * YStride + p * Panel;
                    TileStart start = k == 0 ? Start(p) : new TileStart(y, YStride);
                    float* b = PanelBlock(Weight, FirstPanel + p, k, depth, scratch);
                    AddRows(Packed + (long)firstRow * inputs, rows, inputs, k, depth, b, start, y, YStride, Columns(p), tile);
                }
            }
        }

        private readonly int Columns(int p) => Math.Min(Panel, Weight.Outputs - (FirstPanel + p) * Panel);

        /// <summary>The bias, or zeros.</summary>
        private readonly TileStart Start(int p) =>
            Bias == null ? TileStart.Zero : new TileStart(Bias + (FirstPanel + p) * Panel, 0);
    }
}
