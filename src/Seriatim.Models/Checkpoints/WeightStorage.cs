namespace Seriatim.Models;

/// <summary>How matrices of a checkpoint are kept in memory. Vectors are always F32.</summary>
public enum WeightStorage
{
    /// <summary>
    /// F16 and BF16 matrices stay in 16 bits (exact; arithmetic is F32 all the same), quantised ones in their blocks (products
    /// round activations to 8 bits). Neither can be trained.
    /// </summary>
    AsStored,

    /// <summary>Everything is widened to F32, quantised blocks to the exact values they stand for.</summary>
    F32,
}
