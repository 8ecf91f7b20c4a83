namespace Seriatim.Tensors;

/// <summary>A call that a model makes: it has a gradient, which is made of other calls.</summary>
/// <typeparam name="TSelf">The call itself.</typeparam>
internal interface IOp<TSelf> : IOpCall
    where TSelf : struct, IOp<TSelf>
{
    /// <summary>
    /// The call as a tape makes it: with what the backward pass needs besides the results that callers see, which come first.
    /// </summary>
    TSelf Recorded();

    /// <summary>
    /// Says what it works on, for whoever looks at a pass (<see cref="CapturingOps"/>): operands, weights, and what of it can be
    /// asked later. Reads nothing.
    /// </summary>
    void Show(OpView to);

    /// <summary>Adds the operands and results whose elements the backward pass reads, and no others.</summary>
    void Save(ReadOnlySpan<Tensor> results, SavedTensors saved);

    /// <summary>
    /// Gives the gradients of the operands. Accumulation rule: gradients of activations are new tensors (<c>=</c>); gradients of
    /// parameters are added to <see cref="Parameter.Gradient"/> (<c>+=</c>) if <see cref="Parameter.Trainable"/>.
    /// </summary>
    /// <param name="ops">Runs the calls.</param>
    /// <param name="results">The results; only what was saved has elements.</param>
    /// <param name="dy">Gradient of each result; null where none arrived. The tape owns them.</param>
    /// <param name="gradients">Takes the gradients.</param>
    void Backward(IDifferentiableOps ops, ReadOnlySpan<Tensor> results, ReadOnlySpan<Tensor?> dy, Gradients gradients);

    /// <summary>What the recorded call holds besides tensors; disposed when the tape forgets the call.</summary>
    IDisposable? Held { get; }
}
