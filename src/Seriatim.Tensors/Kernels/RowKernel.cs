using System.Runtime.CompilerServices;

namespace Seriatim.Tensors;

/// <summary>Helpers of kernels that walk rows 16 lanes at a time.</summary>
internal static unsafe class RowKernel
{
    /// <summary>Elements that are worth a piece of work of their own.</summary>
    public const int PieceElements = 16 * 1024;

    /// <summary>Rows that make one piece.</summary>
    public static int RowsPerPiece(int columns) => Math.Max(1, PieceElements / Math.Max(1, columns));

    /// <summary>Pieces of <paramref name="perPiece"/> items.</summary>
    public static int Pieces(int items, int perPiece) => (items + perPiece - 1) / perPiece;

    /// <summary>Loads up to 16 elements; missing lanes are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Load<T>(float* from, int count)
        where T : struct, ILanes<T>
    {
        if (count >= 16)
            return T.Load(from);
        float* lanes = stackalloc float[16];
        for (int i = 0; i < 16; i++)
            lanes[i] = i < count ? from[i] : 0;
        return T.Load(lanes);
    }

    /// <summary>Stores the first elements, up to 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<T>(T value, float* to, int count)
        where T : struct, ILanes<T>
    {
        if (count >= 16)
        {
            T.Store(value, to);
            return;
        }

        float* lanes = stackalloc float[16];
        T.Store(value, lanes);
        for (int i = 0; i < count; i++)
            to[i] = lanes[i];
    }
}

/// <summary>A function of one, two or three operands in 16 lanes, for <see cref="ElementKernel{T, TFunction}"/>.</summary>
internal interface IElementFunction<T>
    where T : struct, ILanes<T>
{
    T Value(T a, T b, T c);
}

/// <summary>
/// Applies a function element by element: <c>y[i] = f(a[i], b[i], c[i])</c>; an operand that is missing reads as a.
/// </summary>
internal unsafe struct ElementKernel<T, TFunction> : IWork
    where T : struct, ILanes<T>
    where TFunction : struct, IElementFunction<T>
{
    public float* A;
    public float* B;
    public float* C;
    public float* Y;
    public long Length;
    public TFunction Function;

    public static void Run(WorkerTeam team, TFunction function, Tensor y, Tensor a, Tensor? b = null, Tensor? c = null)
    {
        var work = new ElementKernel<T, TFunction>
        {
            A = a.Floats,
            B = (b ?? a).Floats,
            C = (c ?? a).Floats,
            Y = y.Floats,
            Length = a.Length,
            Function = function,
        };
        team.Run((int)((a.Length + RowKernel.PieceElements - 1) / RowKernel.PieceElements), ref work);
    }

    public readonly void Do(int piece, int worker)
    {
        long end = Math.Min(Length, (piece + 1L) * RowKernel.PieceElements);
        long i = (long)piece * RowKernel.PieceElements;
        for (; i + 16 <= end; i += 16)
            T.Store(Function.Value(T.Load(A + i), T.Load(B + i), T.Load(C + i)), Y + i);
        if (i < end)
        {
            int left = (int)(end - i);
            T value = Function.Value(RowKernel.Load<T>(A + i, left), RowKernel.Load<T>(B + i, left),
                RowKernel.Load<T>(C + i, left));
            RowKernel.Store(value, Y + i, left);
        }
    }
}
