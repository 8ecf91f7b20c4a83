namespace Seriatim.Tensors;

/// <summary>Which two features of a head turn together.</summary>
public enum RopePairing
{
    /// <summary>Features i and i + R/2 (Hugging Face files).</summary>
    HalfSplit,

    /// <summary>Features 2i and 2i + 1 (the paper; GPT-J; llama-family GGUF files).</summary>
    Interleaved,
}

/// <summary>
/// Rotary angles of the rows of a batch, made once per forward pass and shared by all layers and heads
/// (Su et al., 2021: RoFormer).
/// </summary>
/// <param name="Cosines"><c>[N, R/2]</c>, the attention factor of YaRN or longrope included.</param>
/// <param name="Sines"><c>[N, R/2]</c>, likewise.</param>
/// <param name="HeadDim">Features of a head, D.</param>
/// <param name="Pairing">Which features turn together. The first R of the D features turn, the rest pass.</param>
public sealed record RopeRows(Tensor Cosines, Tensor Sines, int HeadDim, RopePairing Pairing) : IDisposable
{
    /// <summary>Number of features of a head that turn, R (even, at most D).</summary>
    public int RotaryDim => 2 * Cosines.Columns;

    private int _disposed;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Cosines.Dispose();
        Sines.Dispose();
    }
}
