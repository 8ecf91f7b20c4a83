namespace Seriatim.Tensors;

/// <summary>Which instructions multiply bytes. All give the same bits.</summary>
internal enum DotKind
{
    /// <summary>128-bit vectors of any machine.</summary>
    Bits128,

    /// <summary>AVX2.</summary>
    Bits256,

    /// <summary>AVX-512BW.</summary>
    Bits512,

    /// <summary>AVX-VNNI, 256 bits wide.</summary>
    Vnni,

    /// <summary>
    /// AVX-512BW with sums of 16 bits for codes of at most 6 bits (<see cref="WordTile"/>,
    /// <see cref="PanelRow{TFormat}"/>); the best of the others for the rest.
    /// </summary>
    Words,

    /// <summary>The dot product instructions of ARMv8.2.</summary>
    Arm,

    /// <summary>
    /// Kernels of machine code with AVX512-VNNI (<see cref="TileKernels"/>, <see cref="PanelKernels{TFormat}"/>); what they do
    /// not cover is done as with <see cref="Words"/>.
    /// </summary>
    Code,
}

/// <summary>Facts about <see cref="DotKind"/>.</summary>
internal static class DotKinds
{
    /// <summary>Those this machine has.</summary>
    public static IEnumerable<DotKind> Supported => Enum.GetValues<DotKind>().Where(IsSupported);

    /// <summary>
    /// The fastest this machine has among vectors up to a width. The switches of .NET
    /// (DOTNET_EnableAVXVNNI=0 and the like) count.
    /// </summary>
    public static DotKind Best(LaneWidth width)
    {
        if (DotArm.IsSupported)
            return DotKind.Arm;
        if (width == LaneWidth.Bits512 && TileKernels.IsSupported)
            return DotKind.Code;
        if (width == LaneWidth.Bits512 && WordTile.IsSupported)
            return DotKind.Words;
        if (width != LaneWidth.Bits128 && DotVnni.IsSupported)
            return DotKind.Vnni;
        return width != LaneWidth.Bits128 && Dot256.IsSupported ? DotKind.Bits256 : DotKind.Bits128;
    }

    private static bool IsSupported(DotKind kind) => kind switch
    {
        DotKind.Bits256 => Dot256.IsSupported,
        DotKind.Bits512 => Dot512.IsSupported,
        DotKind.Vnni => DotVnni.IsSupported,
        DotKind.Words => WordTile.IsSupported,
        DotKind.Arm => DotArm.IsSupported,
        DotKind.Code => TileKernels.IsSupported,
        _ => true,
    };
}
