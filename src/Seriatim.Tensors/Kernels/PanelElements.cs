using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>How the right operand of a tile is stored: widened to F32 lanes as it is read, exactly.</summary>
internal unsafe interface IPanelElement
{
    /// <summary>Bytes of an element.</summary>
    static abstract int Size { get; }

    /// <summary>Whether it is binary16, for which there are tiles of machine code (<see cref="HalfKernels"/>).</summary>
    static virtual bool IsHalf => false;

    static abstract T Load<T>(byte* from)
        where T : struct, ILanes<T>;
}

/// <summary>The storage types of panels.</summary>
internal static unsafe class PanelElements
{
    public readonly struct Single : IPanelElement
    {
        public static int Size => 4;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Load<T>(byte* from)
            where T : struct, ILanes<T> => T.Load((float*)from);
    }

    public readonly struct Half : IPanelElement
    {
        public static int Size => 2;

        public static bool IsHalf => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Load<T>(byte* from)
            where T : struct, ILanes<T> => T.LoadHalf((ushort*)from);
    }

    public readonly struct BFloat16 : IPanelElement
    {
        public static int Size => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Load<T>(byte* from)
            where T : struct, ILanes<T> => T.LoadBFloat16((ushort*)from);
    }

    /// <summary>
    /// Elements of a panel that is read once, from memory far away: what comes <see cref="Ahead.Distance"/> later is asked for.
    /// </summary>
    public readonly struct Streamed<TElement> : IPanelElement
        where TElement : struct, IPanelElement
    {
        public static int Size => TElement.Size;

        public static bool IsHalf => TElement.IsHalf;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static T Load<T>(byte* from)
            where T : struct, ILanes<T>
        {
            if (Sse.IsSupported)
                Sse.Prefetch0(from + Ahead.Distance);
            return TElement.Load<T>(from);
        }
    }
}
