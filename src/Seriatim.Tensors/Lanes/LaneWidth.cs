using System.Runtime.Intrinsics;

namespace Seriatim.Tensors;

/// <summary>How wide the vectors are that 16 lanes are made of. Results do not depend on it.</summary>
public enum LaneWidth
{
    /// <summary>Four 128-bit vectors.</summary>
    Bits128,

    /// <summary>Two 256-bit vectors.</summary>
    Bits256,

    /// <summary>One 512-bit vector.</summary>
    Bits512,
}

/// <summary>Facts about <see cref="LaneWidth"/>.</summary>
public static class LaneWidths
{
    /// <summary>The widest that this machine's instructions cover.</summary>
    public static LaneWidth Best =>
        Vector512.IsHardwareAccelerated ? LaneWidth.Bits512 : Vector256.IsHardwareAccelerated ? LaneWidth.Bits256
            : LaneWidth.Bits128;
}
