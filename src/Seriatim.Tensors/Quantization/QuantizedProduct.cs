using System.Buffers;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// <c>y = x Wᵀ + b</c> with W in quantised blocks, for any number of rows: a panel of 16 outputs is walked in chunks of 256
/// inputs; a chunk is opened once, stays in the first cache, and meets every tile of a block of rows. So few rows stream the
/// weights once, and many rows pay for opening them once a block.
/// </summary>
/// <remarks>
/// Work is cut along outputs and rows, never along inputs. The sums start from the bias and add group after group; those of a
/// matrix with a scale of its own start from 0, and at the end comes <c>fma(sum, scale, bias)</c>.
/// </remarks>
internal static unsafe class QuantizedProduct
{
    /// <summary>Tiles whose running results stay in the first cache.</summary>
    private const int MaxTileBlock = 48;

    /// <summary>Bytes of rows that stay in the second cache while all panels meet them.</summary>
    private const int BlockBytes = 640 << 10;

    private const int Lanes = PanelChunk.Outputs;

    /// <summary>A weight, or some panels of it, and where its results go.</summary>
    public struct Part
    {
        /// <summary>W and b.</summary>
        public QuantizedWeight Weight;

        /// <summary>First panel of 16 outputs.</summary>
        public int FirstPanel;

        /// <summary>How many panels.</summary>
        public int Panels;

        /// <summary>Result; column 0 is the first output of the first panel.</summary>
        public float* Y;

        /// <summary>Floats from row to row of y.</summary>
        public nint YStride;
    }

    /// <summary>Computes some panels of several weights, as one piece of work for the team.</summary>
    /// <param name="team">Who works.</param>
    /// <param name="dot">The instructions to use.</param>
    /// <param name="x">Quantised rows.</param>
    /// <param name="parts">The weights.</param>
    public static void Forward(WorkerTeam team, DotKind dot, QuantizedRows x, ReadOnlySpan<Part> parts)
    {
        if (x.Rows == 0 || parts.IsEmpty)
            return;
        switch (dot)
        {
            case DotKind.Words or DotKind.Code when DotVnni.IsSupported: Forward<DotVnni>(team, dot, x, parts); break;
            case DotKind.Words or DotKind.Code: Forward<Dot512>(team, dot, x, parts); break;
            case DotKind.Vnni: Forward<DotVnni>(team, dot, x, parts); break;
            case DotKind.Bits512: Forward<Dot512>(team, dot, x, parts); break;
            case DotKind.Bits256: Forward<Dot256>(team, dot, x, parts); break;
            case DotKind.Arm: Forward<DotArm>(team, dot, x, parts); break;
            default: Forward<Dot128>(team, dot, x, parts); break;
        }
    }

    private static void Forward<T>(WorkerTeam team, DotKind dot, QuantizedRows x, ReadOnlySpan<Part> parts)
        where T : struct, IDotLanes<T>
    {
        Work<T>[] works = ArrayPool<Work<T>>.Shared.Rent(parts.Length);
        int pieces = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            works[i] = Prepare<T>(team, dot, x, parts[i]);
            pieces += works[i].Pieces;
        }

        var all = new AllWork<T> { Works = works };
        team.Run(pieces, ref all);
        ArrayPool<Work<T>>.Shared.Return(works, clearArray: true);
    }

    private static Work<T> Prepare<T>(WorkerTeam team, DotKind dot, QuantizedRows x, in Part part)
        where T : struct, IDotLanes<T>
    {
        QuantizedWeight weight = part.Weight;
        BlockFacts facts = weight.Quantized.Facts;
        bool code = dot == DotKind.Code, words = dot == DotKind.Words || code;
        int codeRows = code ? weight.Quantized.CodeRows : 0;
        int directRows = words && codeRows == 0 ? weight.Quantized.DirectRows : 0;
        int wordSteps = words ? facts.WordSteps : 0;
        bool pairs = (code || wordSteps > 0) && x.Filled > Math.Max(directRows, codeRows);
        long cost = (long)x.Rows * weight.Inputs * Lanes;
        int perPiece = (int)Math.Clamp(WorkerTeam.SmallestShare / Math.Max(1, cost), 1, part.Panels);
        int maxTiles = Math.Clamp(BlockBytes / (QuantizedRows.MaxTileRows * weight.Inputs), 4, MaxTileBlock);
        int tileBlocks = (x.Tiles + maxTiles - 1) / maxTiles;
        return new Work<T>
        {
            Team = team,
            X = x,
            Operands = x.For(facts, T.Offset),
            Halves = facts.GroupValues == 16 ? 1 : 0,
            IsCode = code,
            Pairs = pairs,
            Splits = words && wordSteps == 0 && !DotVnni.IsSupported,
            WordSteps = wordSteps,
            CodeRows = codeRows,
            DirectRows = directRows,
            Weight = weight,
            Bias = weight.Bias is { } bias ? bias.Data.Floats : null,
            Y = part.Y,
            YStride = part.YStride,
            FirstPanel = part.FirstPanel,
            Panels = part.Panels,
            PanelsPerPiece = pairs ? (perPiece + 1) & ~1 : perPiece,
            TileBlock = (x.Tiles + tileBlocks - 1) / tileBlocks,
        };
    }

    /// <summary>Running results and opened chunks of two panels.</summary>
    private readonly struct PanelPair(float* results, PanelScratch scratch, float* second, PanelScratch secondScratch)
    {
        public readonly float* Results = results, Second = second;
        public readonly PanelScratch Scratch = scratch, SecondScratch = secondScratch;
    }

    /// <summary>The pieces of several weights, one weight after another.</summary>
    private struct AllWork<T> : IWork
        where T : struct, IDotLanes<T>
    {
        public Work<T>[] Works;

        public readonly void Do(int piece, int worker)
        {
            int i = 0;
            for (; piece >= Works[i].Pieces; i++)
                piece -= Works[i].Pieces;
            Works[i].Do(piece, worker);
        }
    }

    /// <summary>The panels of one weight.</summary>
    private struct Work<T>
        where T : struct, IDotLanes<T>
    {
        public WorkerTeam Team;
        public QuantizedRows X;
        public QuantizedRows.Operands Operands;
        public QuantizedWeight Weight;
        public float* Bias;
        public float* Y;
        public nint YStride;
        public bool IsCode, Pairs, Splits;
        public int Halves, WordSteps, CodeRows, DirectRows, FirstPanel, Panels, PanelsPerPiece, TileBlock;

        private readonly int PanelPieces => (Panels + PanelsPerPiece - 1) / PanelsPerPiece;

        public readonly int Pieces => PanelPieces * TileBlocks;

        private readonly int TileBlocks => (X.Tiles + TileBlock - 1) / TileBlock;

        public readonly void Do(int piece, int worker)
        {
            int firstTile = piece / PanelPieces * TileBlock;
            int endTile = Math.Min(X.Tiles, firstTile + TileBlock);
            int resultFloats = (endTile - firstTile) * QuantizedRows.MaxTileRows * Lanes;
            Scratch scratch = Team.ScratchOf(worker);
            var panels = new PanelPair(
                scratch.Take(resultFloats), new PanelScratch(scratch), scratch.Take(resultFloats), new PanelScratch(scratch));
            int p = piece % PanelPieces * PanelsPerPiece, end = Math.Min(Panels, p + PanelsPerPiece);
            for (; Pairs && p + 1 < end; p += 2)
                Pair(p, firstTile, endTile, panels);
            for (; p < end; p++)
                Block(p, firstTile, endTile, panels.Results, panels.Scratch);
        }

        private readonly void Block(int p, int firstTile, int endTile, float* results, in PanelScratch scratch)
        {
            Begin(p, firstTile, endTile, results);
            if (X.Filled <= DirectRows)
                AddDirect(p, firstTile, endTile, results);
            else
                AddChunks(p, firstTile, endTile, X.Filled <= CodeRows ? AddCode(p, results) : 0, results, scratch);
            End(p, firstTile, endTile, results);
        }

        /// <summary>All tiles are in this block.</summary>
        private readonly int AddCode(int p, float* results)
        {
            X.Tile(0, 0, Operands, out TileRows tiles);
            return Weight.Quantized.AddCode(FirstPanel + p, X.Filled, tiles, results);
        }

        private readonly void AddDirect(int p, int firstTile, int endTile, float* results)
        {
            int rows = Math.Min(X.Filled, endTile * QuantizedRows.MaxTileRows) - firstTile * QuantizedRows.MaxTileRows;
            // Chunks of all tiles follow one another; those of some tiles do not.
            int step = rows == X.Filled ? Weight.Inputs : PanelChunk.Inputs;
            for (int k = 0; k < Weight.Inputs; k += step)
            {
                X.Tile(firstTile, k, Operands, out TileRows tile);
                Weight.Quantized.AddDirect(FirstPanel + p, k, Math.Min(step, Weight.Inputs - k), rows, tile, results);
            }
        }

        private readonly void AddChunks(
            int p, int firstTile, int endTile, int firstInput, float* results, in PanelScratch scratch)
        {
            int sixes = Sixes(firstTile, endTile, out int last);
            for (int k = firstInput; k < Weight.Inputs; k += PanelChunk.Inputs)
            {
                Weight.Quantized.Open(FirstPanel + p, k, scratch, out PanelChunk chunk);
                X.Tile(firstTile, k, Operands, out TileRows rows);
                int inputs = Math.Min(PanelChunk.Inputs, Weight.Inputs - k);
                if (sixes > 0)
                    AddSixes(sixes, inputs, chunk, scratch, rows, results);
                if (last > 0)
                    AddLast(p, k, chunk, inputs, last, Behind(rows, sixes, inputs), sixes == 0, Behind(results, sixes));
            }
        }

        private readonly void Pair(int p, int firstTile, int endTile, in PanelPair panels)
        {
            float* results = panels.Results, second = panels.Second;
            Begin(p, firstTile, endTile, results);
            Begin(p + 1, firstTile, endTile, second);
            int sixes = Sixes(firstTile, endTile, out int last);
            for (int k = 0; k < Weight.Inputs; k += PanelChunk.Inputs)
            {
                Weight.Quantized.Open(FirstPanel + p, k, panels.Scratch, out PanelChunk a);
                Weight.Quantized.Open(FirstPanel + p + 1, k, panels.SecondScratch, out PanelChunk b);
                X.Tile(firstTile, k, Operands, out TileRows rows);
                int inputs = Math.Min(PanelChunk.Inputs, Weight.Inputs - k);
                if (sixes > 0)
                    AddSixes(sixes, inputs, a, b, panels, rows);
                if (last == 0)
                    continue;
                rows = Behind(rows, sixes, inputs);
                float* y = Behind(results, sixes), z = Behind(second, sixes);
                var shape = new TileShape(last, 2, Halves == 1, a.Minimums != null);
                if (IsCode && TileKernels.TryAdd(shape, 1, inputs / 32, a, b, rows, new Ahead((nint)rows.Codes, 0), y, z))
                    continue;
                AddLast(p, k, a, inputs, last, rows, sixes == 0, y);
                AddLast(p + 1, k, b, inputs, last, rows, sixes == 0, z);
            }

            End(p, firstTile, endTile, results);
            End(p + 1, firstTile, endTile, second);
        }

        private readonly void AddSixes(
            int tiles, int inputs, in PanelChunk w, in PanelScratch scratch, in TileRows rows, float* results)
        {
            var shape = new TileShape(QuantizedRows.MaxTileRows, 1, Halves == 1, w.Minimums != null);
            if (IsCode && TileKernels.TryAdd(shape, tiles, inputs / 32, w, rows, w.Ahead, results))
                return;
            if (Splits)
            {
                WordTile.Split(w.Codes, inputs / 4, scratch.Planes);
                WordTile.AddSixesOfBytes(tiles, inputs / 32 << Halves, Halves, w, scratch.Planes, rows, results);
                return;
            }

            DotTile<T>.AddSixes(tiles, inputs / 32 << Halves, Halves, w, rows, w.Ahead, results);
        }

        private readonly void AddSixes(
            int tiles, int inputs, in PanelChunk a, in PanelChunk b, in PanelPair panels, in TileRows rows)
        {
            float* results = panels.Results, second = panels.Second;
            var shape = new TileShape(QuantizedRows.MaxTileRows, 2, Halves == 1, a.Minimums != null);
            if (IsCode && TileKernels.TryAdd(shape, tiles, inputs / 32, a, b, rows, a.Ahead, results, second))
                return;
            if (WordSteps > 0)
            {
                WordTile.AddSixes(tiles, inputs / 32 << Halves, Halves, WordSteps, a, b, rows, results, second);
                return;
            }

            AddSixes(tiles, inputs, a, panels.Scratch, rows, results);
            AddSixes(tiles, inputs, b, panels.SecondScratch, rows, second);
        }

        /// <summary>Tiles of 6 rows of a block of tiles, and the rows of its last tile if they are fewer, or 0.</summary>
        private readonly int Sixes(int firstTile, int endTile, out int last)
        {
            last = X.TileRows(endTile - 1);
            if (last == QuantizedRows.MaxTileRows)
                last = 0;
            return endTile - firstTile - (last == 0 ? 0 : 1);
        }

        /// <summary>Adds a chunk to the last tile, which has fewer than 6 rows.</summary>
        private readonly void AddLast(
            int p, int k, in PanelChunk chunk, int inputs, int last, in TileRows rows, bool isFirst, float* results)
        {
            if (last <= DirectRows)
            {
                Weight.Quantized.AddDirect(FirstPanel + p, k, inputs, last, rows, results);
                return;
            }

            Ahead ahead = isFirst ? chunk.Ahead : new Ahead((nint)rows.Codes, 0);
            var shape = new TileShape(last, 1, Halves == 1, chunk.Minimums != null);
            if (!IsCode || !TileKernels.TryAdd(shape, 1, inputs / 32, chunk, rows, ahead, results))
                DotTile<T>.Add(last, inputs / 32, Halves, chunk, rows, ahead, results);
        }

        /// <summary>A chunk of the rows behind some tiles of 6.</summary>
        private readonly TileRows Behind(TileRows rows, int sixes, int inputs)
        {
            int groups = inputs / 32 * QuantizedRows.MaxTileRows * sixes;
            rows.Codes += groups * 32;
            rows.Scales += groups;
            rows.Starts += groups << Halves;
            rows.Sums += groups << Halves;
            return rows;
        }

        private static float* Behind(float* results, int sixes) => results + sixes * QuantizedRows.MaxTileRows * Lanes;

        /// <summary>
        /// Starts the sums at the bias (at 0 if they will be scaled), and asks for the memory of the results.
        /// </summary>
        private readonly void Begin(int p, int firstTile, int endTile, float* results)
        {
            Vector512<float> start = Weight.Quantized.Scale == 1 ? BiasOf(p) : Vector512<float>.Zero;
            int first = firstTile * QuantizedRows.MaxTileRows, end = endTile * QuantizedRows.MaxTileRows;
            float* y = Y + first * YStride + p * Lanes;
            for (int row = first; row < end; row++, results += Lanes, y += YStride)
            {
                start.Store(results);
                if (Sse.IsSupported)
                    Sse.Prefetch1(y);
            }
        }

        /// <summary>The biases of a panel, 0 where there are none.</summary>
        private readonly Vector512<float> BiasOf(int p)
        {
            if (Bias == null)
                return Vector512<float>.Zero;
            int firstOutput = (FirstPanel + p) * Lanes;
            int outputs = Math.Min(Lanes, Weight.Outputs - firstOutput);
            if (outputs == Lanes)
                return Vector512.Load(Bias + firstOutput);
            float* few = stackalloc float[Lanes];
            new ReadOnlySpan<float>(Bias + firstOutput, outputs).CopyTo(new Span<float>(few, outputs));
            return Vector512.Load(few);
        }

        /// <summary>Scales the results of a panel, whose sums are complete, and adds the bias: one rounding.</summary>
        private readonly void ScaleResults(int p, int rows, float* results)
        {
            Vector512<float> scale = Vector512.Create(Weight.Quantized.Scale), bias = BiasOf(p);
            for (; rows > 0; rows--, results += Lanes)
                Vector512.FusedMultiplyAdd(Vector512.Load(results), scale, bias).Store(results);
        }

        /// <summary>Stores the results of a panel.</summary>
        private readonly void End(int p, int firstTile, int endTile, float* results)
        {
            int outputs = Math.Min(Lanes, Weight.Outputs - (FirstPanel + p) * Lanes);
            float* y = Y + (long)firstTile * QuantizedRows.MaxTileRows * YStride + p * Lanes;
            int count = Math.Min(X.Rows, endTile * QuantizedRows.MaxTileRows) - firstTile * QuantizedRows.MaxTileRows;
            if (Weight.Quantized.Scale != 1)
                ScaleResults(p, count, results);
            for (int row = 0; row < count; row++, results += Lanes, y += YStride)
            {
                if (outputs == Lanes)
                    Vector512.Load(results).Store(y);
                else
                    new ReadOnlySpan<float>(results, outputs).CopyTo(new Span<float>(y, outputs));
            }
        }
    }
}
