namespace Seriatim.Tensors;

/// <summary>Up to 256 inputs of a panel of 16 outputs, ready for products: codes of one byte and scales in F32.</summary>
internal unsafe struct PanelChunk
{
    /// <summary>Outputs of a panel: one lane each.</summary>
    public const int Outputs = 16;

    /// <summary>Inputs of a chunk; the last one of a row may have fewer.</summary>
    public const int Inputs = 256;

    /// <summary><c>[inputs / 4][16 outputs][4 inputs]</c>.</summary>
    public byte* Codes;

    /// <summary><c>[groups][16]</c>: the scale <c>S · g</c> of each group.</summary>
    public float* Scales;

    /// <summary><c>[groups][16]</c>: the minimum <c>M · h</c> of each group; null without.</summary>
    public float* Minimums;

    /// <summary>The packed bytes that come soon; nothing for weights that are not packed.</summary>
    public Ahead Ahead;

    /// <summary>Lays a chunk out in scratch memory.</summary>
    public static PanelChunk In(in PanelScratch scratch, bool minimums) => new()
    {
        Codes = scratch.Codes,
        Ahead = new Ahead((nint)scratch.Codes, 0),
        Scales = scratch.Scales,
        Minimums = minimums ? scratch.Minimums : null,
    };
}
