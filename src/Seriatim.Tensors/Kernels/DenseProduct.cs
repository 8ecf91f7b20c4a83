using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// The three products of a linear layer over weights in panels of 32 outputs, all made of <see cref="OuterProduct{T}"/> tiles:
/// <c>y = x Wᵀ</c> (k in sequence), <c>dx = dy W</c> (outputs in sequence) and <c>dW += dyᵀ x</c> (rows in sequence).
/// </summary>
/// <remarks>
/// Work is cut along outputs only. Sums go through blocks of <see cref="DepthBlock"/> so that a block of the panel stays in the first
/// cache; the running sums wait in the result, unrounded beyond F32, so the blocks do not show in the bits. Panels in 16 bits are
/// widened block by block, exactly.
/// </remarks>
internal static unsafe class DenseProduct<T>
    where T : struct, ILanes<T>
{
    private const int DepthBlock = 256;
    private const int RowBlock = 512;
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
            PanelsPerPiece = PerPiece(panels, (long)rows * weight.Inputs * Panel),
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
            BlocksPerPiece = PerPiece(blocks, (long)rows * outputs * Panel),
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
            PanelsPerPiece = PerPiece(panels, (long)rows * weight.Inputs * Panel),
            Panels = panels,
        };
        team.Run((panels + work.PanelsPerPiece - 1) / work.PanelsPerPiece, ref work);
    }

    private static int PerPiece(int items, long costOfItem) =>
        (int)Math.Clamp(SmallestPiece / Math.Max(1, costOfItem), 1, Math.Max(1, items));

    /// <summary>A block of a panel as F32: in place, or widened into <paramref name="scratch"/>.</summary>
    private static float* PanelBlock(DenseWeight weight, int panel, int firstInput, int inputs, float* scratch)
    {
        Tensor data = weight.Matrix.Data;
        long start = ((long)panel * weight.Inputs + firstInput) * Panel;
        if (data.Type == DataType.F32)
            return (float*)data.Data + start;
        ushort* from = (ushort*)data.Data + start;
        if (data.Type == DataType.F16)
        {
            for (int i = 0; i < inputs * Panel; i += 16)
                T.Store(T.LoadHalf(from + i), scratch + i);
        }
        else
        {
            for (int i = 0; i < inputs * Panel; i += 16)
                T.Store(T.LoadBFloat16(from + i), scratch + i);
        }

        return scratch;
    }

    /// <summary>Adds one tile to a result of which only some rows and columns exist.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddTile(int tileRows, int rows, int columns, nint depth, float* a, float* b, float* c, nint cStride, float* tile)
    {
        if (rows == tileRows && columns == Panel)
        {
            AddPacked(tileRows, depth, a, b, c, cStride);
            return;
        }

        for (int r = 0; r < tileRows; r++)
        {
            for (int j = 0; j < Panel; j++)
                tile[r * Panel + j] = r < rows && j < columns ? c[r * cStride + j] : 0;
        }

        AddPacked(tileRows, depth, a, b, tile, Panel);
        for (int r = 0; r < rows; r++)
            Buffer.MemoryCopy(tile + r * Panel, c + r * cStride, columns * sizeof(float), columns * sizeof(float));
    }

    private static void AddPacked(int tileRows, nint depth, float* a, float* b, float* c, nint cStride)
    {
        switch (tileRows)
        {
            case 8: OuterProduct<T>.Add<TileLayouts.Packed8>(8, depth, a, b, b + 16, Panel, c, cStride); break;
            case 4: OuterProduct<T>.Add<TileLayouts.Packed4>(4, depth, a, b, b + 16, Panel, c, cStride); break;
            case 2: OuterProduct<T>.Add<TileLayouts.Packed2>(2, depth, a, b, b + 16, Panel, c, cStride); break;
            default: OuterProduct<T>.Add<TileLayouts.Packed1>(1, depth, a, b, b + 16, Panel, c, cStride); break;
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
            AddTile(tileRows, valid, columns, depth, a, b, c + row * cStride, cStride, tile);
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
            int end = Math.Min(Panels, (piece + 1) * PanelsPerPiece);
            for (int p = piece * PanelsPerPiece; p < end; p++)
            {
                for (int row = 0; row < Rows; row += RowBlock)
                    Block(p, row, Math.Min(RowBlock, Rows - row), tile, tile + TileFloats);
            }
        }

        private readonly void Block(int p, int firstRow, int rows, float* tile, float* scratch)
        {
            int panel = FirstPanel + p;
            int columns = Math.Min(Panel, Weight.Outputs - panel * Panel);
            int inputs = Weight.Inputs;
            float* y = Y + firstRow * YStride + p * Panel;
            for (int row = 0; row < rows; row++)
            {
                var to = new Span<float>(y + row * YStride, columns);
                if (Bias == null)
                    to.Clear();
                else
                    new ReadOnlySpan<float>(Bias + panel * Panel, columns).CopyTo(to);
            }

            for (int k = 0; k < inputs; k += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, inputs - k);
                float* b = PanelBlock(Weight, panel, k, depth, scratch);
                AddRows(Packed + (long)firstRow * inputs, rows, inputs, k, depth, b, y, YStride, columns, tile);
            }
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
            float* tile = Team.ScratchOf(worker, TileFloats + (DepthBlock + Panel) * Panel);
            int end = Math.Min(Blocks, (piece + 1) * BlocksPerPiece);
            for (int block = piece * BlocksPerPiece; block < end; block++)
            {
                for (int row = 0; row < Rows; row += RowBlock)
                    Block(block * Panel, row, Math.Min(RowBlock, Rows - row), tile, tile + TileFloats);
            }
        }

        private readonly void Block(int firstInput, int firstRow, int rows, float* tile, float* scratch)
        {
            int inputs = Weight.Inputs;
            int columns = Math.Min(Panel, inputs - firstInput);
            float* dx = Dx + (long)firstRow * inputs + firstInput;
            if (!Accumulate)
            {
                for (int row = 0; row < rows; row++)
                    new Span<float>(dx + (long)row * inputs, columns).Clear();
            }

            float* b = scratch + Panel * Panel;
            for (int o = 0; o < Outputs; o += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, Outputs - o);
                for (int i = 0; i < depth; i += Panel)
                {
                    // [columns][32 outputs] of the panel becomes [32 outputs][32 columns].
                    float* from = PanelBlock(Weight, FirstPanel + (o + i) / Panel, firstInput, columns, scratch);
                    if (columns < Panel)
                        new Span<float>(b + i * Panel, Panel * Panel).Clear();
                    Transpose.Block(from, Panel, columns, Panel, b + i * Panel, Panel);
                }

                AddRows(Packed + (long)firstRow * Outputs, rows, Outputs, o, depth, b, dx, inputs, columns, tile);
            }
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
            float* tile = Team.ScratchOf(worker, TileFloats + (long)Rows * Panel);
            float* b = tile + TileFloats;
            int end = Math.Min(Panels, (piece + 1) * PanelsPerPiece);
            for (int p = piece * PanelsPerPiece; p < end; p++)
            {
                int columns = Math.Min(Panel, Outputs - p * Panel);
                for (int n = 0; n < Rows; n++)
                {
                    for (int j = 0; j < Panel; j++)
                        b[n * Panel + j] = j < columns ? Dy[n * DyStride + p * Panel + j] : 0;
                }

                if (Bias != null)
                    AddBias(b, Bias + (FirstPanel + p) * Panel, columns);
                if (Gradient != null)
                    AddMatrix(b, Gradient + (long)(FirstPanel + p) * Inputs * Panel, tile);
            }
        }

        private readonly void AddBias(float* b, float* bias, int columns)
        {
            for (int j = 0; j < columns; j++)
            {
                float sum = bias[j];
                for (int n = 0; n < Rows; n++)
                    sum += b[n * Panel + j];
                bias[j] = sum;
            }
        }

        private readonly void AddMatrix(float* b, float* gradient, float* tile)
        {
            for (int n = 0; n < Rows; n += DepthBlock)
            {
                int depth = Math.Min(DepthBlock, Rows - n);
                for (int k = 0; k < Inputs; k += 8)
                {
                    float* a = Packed + ((long)(k / 8) * Rows + n) * 8;
                    AddTile(8, Math.Min(8, Inputs - k), Panel, depth, a, b + n * Panel, gradient + k * Panel, Panel, tile);
                }
            }
        }
    }
}
