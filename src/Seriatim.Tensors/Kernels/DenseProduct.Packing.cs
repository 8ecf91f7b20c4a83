using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <content>How rows are packed for tiles.</content>
internal static unsafe partial class DenseProduct<T>
{
    /// <summary>
    /// Packs rows for <see cref="Forward"/> and <see cref="BackwardInput"/>: tiles of 8 rows as <c>[K][8]</c>, the last one as
    /// <c>[K][1|2|4|8]</c> filled up with zeros. One row is packed as it lies.
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

    /// <summary>Packs rows for <see cref="BackwardWeight"/>: 8 features of all rows at a time, <c>[K / 8][N][8]</c>.</summary>
    public static Tensor PackColumns(WorkerTeam team, float* x, int rows, int columns)
    {
        int tiles = (columns + 7) / 8;
        Tensor packed = Tensor.Create(tiles, 8 * Math.Max(rows, 1));
        var work = new PackColumnsWork { X = x, Packed = packed.Floats, Rows = rows, Columns = columns };
        // At least eight tiles side by side: whole lines of a row, not half ones of many rows.
        work.TilesPerPiece = Math.Max(8, PerPiece(tiles, 8L * rows * 8));
        team.Run((tiles + work.TilesPerPiece - 1) / work.TilesPerPiece, ref work);
        return packed;
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
}
