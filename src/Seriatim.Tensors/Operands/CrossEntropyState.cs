namespace Seriatim.Tensors;

/// <summary>
/// What the backward pass of a cross-entropy takes from the forward pass besides each row's log-sum-exp: as many logits as fit
/// <see cref="KeptLogits"/>, so that they are not computed a second time.
/// </summary>
/// <remarks>
/// Logits computed again have the same bits, so how many were kept shows in time and memory only. The backward pass turns the
/// kept ones into gradients in place and gives them back; a second backward pass computes all of them again.
/// </remarks>
internal sealed class CrossEntropyState : IDisposable
{
    /// <summary>
    /// Logits kept at most (64 MB): those of 256 rows over 50,257 entries fit, and what does not fit is computed again.
    /// </summary>
    public const long KeptLogits = 1L << 24;

    private readonly Queue<Tensor> _logits = new();
    private long _kept;
    private int _disposed;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        while (_logits.TryDequeue(out Tensor? logits))
            logits.Dispose();
    }

    /// <summary>Keeps the logits of the next piece of the vocabulary if they, and all before them, fit.</summary>
    internal void Keep(Tensor logits)
    {
        _kept += logits.Length;
        if (_kept <= KeptLogits)
            _logits.Enqueue(logits.Retain());
    }

    /// <summary>The logits of the next piece of the vocabulary, which the caller owns; null if they were not kept.</summary>
    internal Tensor? Take() => _logits.TryDequeue(out Tensor? logits) ? logits : null;
}
