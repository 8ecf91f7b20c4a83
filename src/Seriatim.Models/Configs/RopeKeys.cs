namespace Seriatim.Models;

/// <summary>Where a family has its rotary positions in a config, and what holds for keys that are missing.</summary>
/// <param name="HeadDim">Features of a head.</param>
/// <param name="MaxPositions"><c>max_position_embeddings</c>.</param>
internal sealed record RopeKeys(int HeadDim, int MaxPositions)
{
    /// <summary>Keys at the root for the base.</summary>
    public string[] Theta { get; init; } = ["rope_theta", "rotary_emb_base"];

    /// <summary>The base if the config does not say.</summary>
    public double DefaultTheta { get; init; } = 10000;

    /// <summary>Keys at the root for the part of a head that turns.</summary>
    public string[] Part { get; init; } = ["partial_rotary_factor"];

    /// <summary>The part if the config does not say.</summary>
    public double DefaultPart { get; init; } = 1;

    /// <summary><c>original_max_position_embeddings</c> at the root (Phi-3).</summary>
    public int? OriginalPositions { get; init; }

    /// <summary>
    /// The kind of layers that is meant, where layers of several kinds turn differently; null: all layers turn alike.
    /// </summary>
    public string? Kind { get; init; }

    /// <summary>Whether a scaling that is not under the name of a kind is meant for these layers.</summary>
    public bool TakesScaling { get; init; } = true;

    /// <summary>The scaling that the class takes if the config has no key for one; null: none.</summary>
    public RopeScaling? DefaultScaling { get; init; }

    /// <summary>Which features turn together.</summary>
    public RopePairing Pairing { get; init; } = RopePairing.HalfSplit;
}
