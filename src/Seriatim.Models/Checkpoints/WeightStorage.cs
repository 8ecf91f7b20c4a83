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

    /// <summary>
    /// Matrices that products read become blocks of 8 bits (Q8_0) when they are loaded, where their rows are whole blocks of 32;
    /// those that are stored in blocks stay in theirs. Half the memory of 16 bits and faster products, which round activations to
    /// 8 bits: for encoders and encoder-decoders, whose files no GGUF holds, too. Cannot be trained.
    /// </summary>
    Q8,
}
