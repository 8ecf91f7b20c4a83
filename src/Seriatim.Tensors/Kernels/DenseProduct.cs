using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>
/// The three products of a linear layer over weights in panels of 32 outputs, all made of <see cref="OuterProduct{T}"/> tiles:
/// <c>y = x Wᵀ</c> (k in sequence), <c>dx = dy W</c> (outputs in sequence) and <c>dW += dyᵀ x</c> (rows in sequence).
/// </summary>
/// <remarks>
/// Work is cut along outputs only. With many rows, sums go through blocks of <see cref="DepthBlock"/> so that a block of a panel stays
/// in the first cache and a block of rows in the second; the running sums wait in the result as F32, which is what a register
/// holds, so the blocks do not show in the bits. Panels in 16 bits are widened as they are read (one tile of rows) or block by block.
/// </remarks>
internal static unsafe class DenseProduct<T>
    where T : struct, ILanes<T>
{
    private const int DepthBlock = 256;
    private const int RowBlock = 512;

    /// <summary>Panels that share a block of packed rows while it is in the second cache.</summary>
    private const int PanelGroup = 4;

    private const int Panel = Parameter.PanelRows;
    private const int TileFloats = OuterProduct<T>.MaxRows * Panel;

    /// <summary>Multiply-adds that are worth waking another thread for.</summary>
    private const long SmallestPiece = 64 * 1024;

    /// <summary>
    /// Packs rows for <see cref="Forward"/> and <see cref="BackwardInput"/>: tiles of 8 rows as <c>[K][8]</c>, the last one as <c>[K][1|2|4|8]</c>
    /// filled up with zeros. One row is packed as it lies.
    /// </summary>
    public static Tensor PackRows(WorkerTeam team, float* x, int rows, int columns)
    {
        int tiles = (rows + 7) / 8;
        Tensor packed = Tensor.Create(tiles, 8 * columns);
        var work = new PackRowsWork { X = x, Packed = packed.Floats, Rows = rows, Columns = columns };
        work.TilesPerPiece = PerPiece(tiles, 8L * columns * 8);
        team.Run((tiles + work.TilesPerPiece - 1) / work.TilesPerPiece, ref work);
        return packed;
    }

    /// <summary><c>y[n, 32 p ...] = b + Σ_k x[n,k] W[o,k]</c> for some panels of the weight.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="packed">Rows packed by <see cref="PackRows"/>.</param>
    /// <param name="rows">Number of rows, N.</param>
    /// <param name="weight">W and b.</param>
    /// <param name="firstPanel">First panel to compute.</param>
    /// <param name="panels">How many panels.</param>
    /// <param name="y">Result; column 0 is the first output of the first panel.</param>
    /// <param name="yStride">Floats from row to row of y.</param>
    public static void Forward(WorkerTeam team, float* packed, int rows, DenseWeight weight, int firstPanel, int panels, float* y, nint yStride)
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

    /// <summary><c>dx[n,k] (+)= Σ_o dy[n,o] W[o,k]</c> over the outputs of some panels, o in sequence.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="packedDy">dy of those outputs, packed by <see cref="PackRows"/>.</param>
    /// <param name="rows">Number of rows, N.</param>
    /// <param name="weight">W.</param>
    /// <param name="firstPanel">First panel.</param>
    /// <param name="outputs">Number of outputs from the first panel on.</param>
    /// <param name="dx">Result <c>[N, I]</c>.</param>
    /// <param name="accumulate">Whether to go on from what dx holds.</param>
    public static void BackwardInput(
        WorkerTeam team, float* packedDy, int rows, DenseWeight weight, int firstPanel, int outputs, float* dx, bool accumulate)
    {
        if (rows == 0)
            return;
        int blocks = (weight.Inputs + Panel - 1) / Panel;
        var work = new BackwardInputWork
        {
            Team = team,
            Packed = packedDy,
            Weight = weight,
            Rows = rows,
            FirstPanel = firstPanel,
            Outputs = outputs,
            Dx = dx,
            Accumulate = accumulate,
            BlocksPerPiece = PerPiece(blocks, (long)rows * outputs * Panel, rows, team.Threads),
            Blocks = blocks,
        };
        team.Run((blocks + work.BlocksPerPiece - 1) / work.BlocksPerPiece, ref work);
    }

    /// <summary>Packs rows for <see cref="BackwardWeight"/>: 8 features of all rows at a time, <c>[K / 8][N][8]</c>.</summary>
    public static Tensor PackColumns(WorkerTeam team, float* x, int rows, int columns)
    {
        int tiles = (columns + 7) / 8;
        Tensor packed = Tensor.Create(tiles, 8 * Math.Max(rows, 1));
        var work = new PackColumnsWork { X = x, Packed = packed.Floats, Rows = rows, Columns = columns };
        work.TilesPerPiece = PerPiece(tiles, 8L * rows * 8);
        team.Run((tiles + work.TilesPerPiece - 1) / work.TilesPerPiece, ref work);
        return packed;
    }

    /// <summary><c>dW[o,k] += Σ_n dy[n,o] x[n,k]</c> and <c>db[o] += Σ_n dy[n,o]</c> for some panels, n in sequence.</summary>
    public static void BackwardWeight(
        WorkerTeam team, float* packedX, int rows, DenseWeight weight, int firstPanel, int outputs, float* dy, nint dyStride)
    {
        bool matrix = weight.Matrix.Trainable;
        bool bias = weight.Bias is { Trainable: true };
        if (rows == 0 || (!matrix && !bias))
            return;
        int panels = (outputs + Panel - 1) / Panel;
        var work = new BackwardWeightWork
        {
            Team = team,
            Packed = packedX,
            Gradient = matrix ? weight.Matrix.GradientOrZeros().Floats : null,
            Bias = bias ? weight.Bias!.GradientOrZeros().Floats : null,
            Inputs = weight.Inputs,
            Rows = rows,
            FirstPanel = firstPanel,
            Outputs = outputs,
            Dy = dy,
            DyStride = dyStride,
            PanelsPerPiece = PerPiece(panels, (long)rows * weight.Inputs * Panel, rows, team.Threads),
            Panels = panels,
        };
        team.Run((panels + work.PanelsPerPiece - 1) / work.PanelsPerPiece, ref work);
    }

    /// <summary>Panels of a piece: enough work, and with many rows a group as long as every thread gets several.</summary>
    private static int PerPiece(int items, long costOfItem, int rows, int threads) =>
        Math.Max(PerPiece(items, costOfItem), rows > OuterProduct<T>.MaxRows ? Math.Clamp(items / (4 * threads), 1, PanelGroup) : 1);

    private static int PerPiece(int items, long costOfItem) =>
        (int)Math.Clamp(SmallestPiece / Math.Max(1, costOfItem), 1, Math.Max(1, items));

    /// <summary>A block of a panel as F32: in place, or widened into <paramref name="scratch"/>.</summary>
    private static float* PanelBlock(DenseWeight weight, int panel, int firstInput, int inputs, float* scratch)
    {
        byte* from = PanelStart(weight, panel, firstInput);
        switch (weight.Matrix.Data.Type)
        {
            case DataType.F16: Widen<PanelElements.Half>(from, inputs * Panel, scratch); return scratch;
            case DataType.BF16: Widen<PanelElements.BFloat16>(from, inputs * Panel, scratch); return scratch;
            default: return (float*)from;
        }
    }

    private static byte* PanelStart(DenseWeight weight, int panel, int firstInput) =>
        (byte*)weight.Matrix.Data.Data + ((long)panel * weight.Inputs + firstInput) * Panel * weight.Matrix.Data.Type.Size();

    private static void Widen<TElement>(byte* from, int count, float* to)
        where TElement : struct, IPanelElement
    {
        for (int i = 0; i < count; i += 16)
            T.Store(TElement.Load<T>(from + (long)i * TElement.Size), to + i);
    }

    /// <summary>Adds one tile to a result of which only some rows and columns exist.</summary>
    private static void AddTile<TElement>(
        int tileRows, int rows, int columns, nint depth, float* a, byte* b, float* c, nint cStride, float* tile)
        where TElement : struct, IPanelElement
    {
        if (rows == tileRows && columns == Panel)
        {
            AddPacked<TElement>(tileRows, depth, a, b, c, cStride);
            return;
        }

        for (int r = 0; r < tileRows; r++)
        {
            for (int j = 0; j < Panel; j++)
                tile[r * Panel + j] = r < rows && j < columns ? c[r * cStride + j] : 0;
        }

        AddPacked<TElement>(tileRows, depth, a, b, tile, Panel);
        for (int r = 0; r < rows; r++)
            new ReadOnlySpan<float>(tile + r * Panel, columns).CopyTo(new Span<float>(c + r * cStride, columns));
    }

    private static void AddPacked<TElement>(int tileRows, nint depth, float* a, byte* b, float* c, nint cStride)
        where TElement : struct, IPanelElement
    {
        byte* second = b + 16 * TElement.Size;
        switch (tileRows)
        {
            case 8: OuterProduct<T>.Add<TileLayouts.Packed8, TElement>(8, depth, a, b, second, Panel, c, cStride); break;
            case 4: OuterProduct<T>.Add<TileLayouts.Packed4, TElement>(4, depth, a, b, second, Panel, c, cStride); break;
            case 2: OuterProduct<T>.Add<TileLayouts.Packed2, TElement>(2, depth, a, b, second, Panel, c, cStride); break;
            default: OuterProduct<T>.Add<TileLayouts.Packed1, TElement>(1, depth, a, b, second, Panel, c, cStride); break;
        }
    }

    /// <summary>Tiles of some rows against one block of a panel.</summary>
    private static void AddRows(
        float* packed, int rows, int columnsOfPacked, int firstDepth, int depth, float* b, float* c, nint cStride, int columns, float* tile)
    {
        for (int row = 0; row < rows; row += 8)
        {
            int valid = Math.Min(8, rows - row);
            int tileRows = OuterProduct<T>.TileRows(valid);
            float* a = packed + (long)row * columnsOfPacked + (long)firstDepth * tileRows;
            AddTile<PanelElements.Single>(tileRows, valid, columns, depth, a, (byte*)b, c + row * cStride, cStride, tile);
        }
    }

    private struct PackRowsWork : IWork
    {
        public float* X;
        public float* Packed;
        public int Rows, Columns, TilesPerPiece;

        public readonly void Do(int piece, int worker)
        {
            int tiles = (Rows + 7) / 8;
            for (int tile = piece * TilesPerPiece; tile < Math.Min(tiles, (piece + 1) * TilesPerPiece); tile++)
            {
                int valid = Math.Min(8, Rows - tile * 8);
                int tileRows = OuterProduct<T>.TileRows(valid);
                float* from = X + (long)tile * 8 * Columns;
                float* to = Packed + (long)tile * 8 * Columns;
                if (valid < tileRows)
                    NativeMemory.Clear(to, (nuint)(tileRows * Columns * sizeof(float)));
                if (tileRows == 1)
                    Buffer.MemoryCopy(from, to, Columns * sizeof(float), Columns * sizeof(float));
                else
                    Transpose.Block(from, Columns, valid, Columns, to, tileRows);
            }
        }
    }

    private struct PackColumnsWork : IWork
    {
        public float* X;
        public float* Packed;
        public int Rows, Columns, TilesPerPiece;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * TilesPerPiece;
            int end = Math.Min((Columns + 7) / 8, first + TilesPerPiece);
            for (int row = 0; row < Rows; row++)
            {
                for (int tile = first; tile < end; tile++)
                {
                    float* from = X + (long)row * Columns + tile * 8;
                    float* to = Packed + ((long)tile * Rows + row) * 8;
                    int valid = Math.Min(8, Columns - tile * 8);
                    if (valid == 8)
                    {
                        Vector256.Load(from).Store(to);
                        continue;
                    }

                    for (int i = 0; i < 8; i++)
                        to[i] = i < valid ? from[i] : 0;
                }
            }
        }
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
            float* tile = Team.ScratchOf(worker, TileFloats + DepthBlock * Panel);
            int first = piece * PanelsPerPiece;
            int end = Math.Min(Panels, first + PanelsPerPiece);
            if (Rows <= OuterProduct<T>.MaxRows)
            {
                for (int p = first; p < end; p++)
                    OneTile(p, tile);
                return;
            }

            for (int row = 0; row < Rows; row += RowBlock)
                Block(first, end, row, Math.Min(RowBlock, Rows - row), tile, tile + TileFloats);
        }

        /// <summary>Few rows: the panel streams through once, widened in registers.</summary>
        private readonly void OneTile(int p, float* tile)
        {
            float* y = Begin(p, 0, Rows, out int columns);
            byte* b = PanelStart(Weight, FirstPanel + p, 0);
            int tileRows = OuterProduct<T>.TileRows(Rows);
            switch (Weight.Matrix.Data.Type)
            {
                case DataType.F16: AddTile<PanelElements.Half>(tileRows, Rows, columns, Weight.Inputs, Packed, b, y, YStride, tile); break;
                case DataType.BF16: AddTile<PanelElements.BFloat16>(tileRows, Rows, columns, Weight.Inputs, Packed, b, y, YStride, tile); break;
                default: AddTile<PanelElements.Single>(tileRows, Rows, columns, Weight.Inputs, Packed, b, y, YStride, tile); break;
            }
        }

        private readonly void Block(int first, int end, int firstRow, int rows, float* tile, float* scratch)
        {
            int inputs = Weight.Inputs;
            for (int k = 0; k < inputs; k += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, inputs - k);
                for (int p = first; p < end; p++)
                {
                    int columns = Math.Min(Panel, Weight.Outputs - (FirstPanel + p) * Panel);
                    float* y = k == 0 ? Begin(p, firstRow, rows, out _) : Y + firstRow * YStride + p * Panel;
                    float* b = PanelBlock(Weight, FirstPanel + p, k, depth, scratch);
                    AddRows(Packed + (long)firstRow * inputs, rows, inputs, k, depth, b, y, YStride, columns, tile);
                }
            }
        }

        /// <summary>Starts the sums at the bias, or at 0.</summary>
        private readonly float* Begin(int p, int firstRow, int rows, out int columns)
        {
            int firstOutput = (FirstPanel + p) * Panel;
            columns = Math.Min(Panel, Weight.Outputs - firstOutput);
            float* y = Y + firstRow * YStride + p * Panel;
            for (int row = 0; row < rows; row++)
            {
                var to = new Span<float>(y + row * YStride, columns);
                if (Bias == null)
                    to.Clear();
                else
                    new ReadOnlySpan<float>(Bias + firstOutput, columns).CopyTo(to);
            }

            return y;
        }
    }

    private struct BackwardInputWork : IWork
    {
        public WorkerTeam Team;
        public DenseWeight Weight;
        public float* Packed;
        public float* Dx;
        public int Rows, FirstPanel, Outputs, Blocks, BlocksPerPiece;
        public bool Accumulate;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * BlocksPerPiece;
            int end = Math.Min(Blocks, first + BlocksPerPiece);
            float* tile = Team.ScratchOf(worker, TileFloats + (Panel + (end - first) * (long)DepthBlock) * Panel);
            float* turned = tile + TileFloats + Panel * Panel;
            for (int o = 0; o < Outputs; o += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, Outputs - o);
                for (int block = first; block < end; block++)
                    Turn(block * Panel, o, depth, tile + TileFloats, turned + (block - first) * DepthBlock * Panel);
                for (int row = 0; row < Rows; row += RowBlock)
                {
                    for (int block = first; block < end; block++)
                        Block(block * Panel, row, o, depth, turned + (block - first) * DepthBlock * Panel, tile);
                }
            }
        }

        /// <summary>Turns <c>[columns][outputs]</c> of the panels into <c>[outputs][32 columns]</c>.</summary>
        private readonly void Turn(int firstInput, int o, int depth, float* scratch, float* b)
        {
            int columns = Math.Min(Panel, Weight.Inputs - firstInput);
            if (columns < Panel)
                new Span<float>(b, DepthBlock * Panel).Clear();
            for (int i = 0; i < depth; i += Panel)
            {
                float* from = PanelBlock(Weight, FirstPanel + (o + i) / Panel, firstInput, columns, scratch);
                Transpose.Block(from, Panel, columns, Panel, b + i * Panel, Panel);
            }
        }

        private readonly void Block(int firstInput, int firstRow, int o, int depth, float* b, float* tile)
        {
            int inputs = Weight.Inputs;
            int rows = Math.Min(RowBlock, Rows - firstRow);
            int columns = Math.Min(Panel, inputs - firstInput);
            float* dx = Dx + (long)firstRow * inputs + firstInput;
            for (int row = 0; o == 0 && !Accumulate && row < rows; row++)
                new Span<float>(dx + (long)row * inputs, columns).Clear();
            AddRows(Packed + (long)firstRow * Outputs, rows, Outputs, o, depth, b, dx, inputs, columns, tile);
        }
    }

    private struct BackwardWeightWork : IWork
    {
        public WorkerTeam Team;
        public float* Packed;
        public float* Gradient;
        public float* Bias;
        public float* Dy;
        public nint DyStride;
        public int Inputs, Rows, FirstPanel, Outputs, Panels, PanelsPerPiece;

        public readonly void Do(int piece, int worker)
        {
            int first = piece * PanelsPerPiece;
            int end = Math.Min(Panels, first + PanelsPerPiece);
            float* tile = Team.ScratchOf(worker, TileFloats + (long)(end - first) * Rows * Panel);
            float* b = tile + TileFloats;
            for (int p = first; p < end; p++)
            {
                float* own = b + (long)(p - first) * Rows * Panel;
                int columns = Math.Min(Panel, Outputs - p * Panel);
                Pack(p, columns, own);
                if (Bias != null)
                    AddBias(own, Bias + (FirstPanel + p) * Panel, columns);
            }

            if (Gradient == null)
                return;
            for (int k = 0; k < Inputs; k += DepthBlock)
            {
                for (int n = 0; n < Rows; n += DepthBlock)
                {
                    for (int p = first; p < end; p++)
                        AddMatrix(p, k, n, b + (long)(p - first) * Rows * Panel, tile);
                }
            }
        }

        /// <summary>The panel's columns of dy side by side: <c>[N][32]</c>.</summary>
        private readonly void Pack(int p, int columns, float* b)
        {
            for (int n = 0; n < Rows; n++)
            {
                float* from = Dy + n * DyStride + p * Panel;
                if (columns == Panel)
                {
                    T.Store(T.Load(from), b + n * Panel);
                    T.Store(T.Load(from + 16), b + n * Panel + 16);
                    continue;
                }

                for (int j = 0; j < Panel; j++)
                    b[n * Panel + j] = j < columns ? from[j] : 0;
            }
        }

        private readonly void AddBias(float* b, float* bias, int columns)
        {
            T first = RowKernel.Load<T>(bias, columns);
            T second = RowKernel.Load<T>(bias + 16, columns - 16);
            for (int n = 0; n < Rows; n++)
            {
                first += T.Load(b + n * Panel);
                second += T.Load(b + n * Panel + 16);
            }

            RowKernel.Store(first, bias, columns);
            if (columns > 16)
                RowKernel.Store(second, bias + 16, columns - 16);
        }

        private readonly void AddMatrix(int p, int firstInput, int n, float* b, float* tile)
        {
            float* gradient = Gradient + (long)(FirstPanel + p) * Inputs * Panel;
            int depth = Math.Min(DepthBlock, Rows - n);
            for (int k = firstInput; k < Math.Min(Inputs, firstInput + DepthBlock); k += 8)
            {
                float* a = Packed + ((long)(k / 8) * Rows + n) * 8;
                AddTile<PanelElements.Single>(
                    8, Math.Min(8, Inputs - k), Panel, depth, a, (byte*)(b + n * Panel), gradient + k * Panel, Panel, tile);
            }
        }
    }
}
