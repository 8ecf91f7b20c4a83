namespace Seriatim.Tensors;

/// <summary>
/// What a device can do: coarse, transformer-level operations, which are extension methods of this (<see cref="OpsExtensions"/>).
/// A model is written against them and asks neither where it runs nor whether gradients are recorded.
/// </summary>
/// <remarks>
/// Letters: N rows (tokens), E features, H query heads, K key/value heads, D head dimension, F feed-forward features,
/// V vocabulary. Every result is a new tensor that the caller disposes; operands are never changed. Row n of a result depends on
/// row n of the operands alone (attention: on its own sequence alone), bit for bit. All values are F32. A shape that does
/// not fit is a <see cref="ShapeMismatchException"/> that names the operand. Host operands (ids, rows, labels, page tables) must
/// stay as they are until the device has run the op (see <see cref="Tensors.Device"/>).
/// </remarks>
public interface IOps
{
    /// <summary>Whose memory operands and results are in.</summary>
    Device Device { get; }

    /// <summary>
    /// Runs a part of a model that may be run again for its gradients instead of being remembered (activation checkpointing; Chen
    /// et al., 2016). Whether it is, the ops decide; the bits are the same.
    /// </summary>
    /// <param name="x">The operand that only this part reads.</param>
    /// <param name="shared">An operand that other parts read too (the encoder's output); null for none.</param>
    /// <param name="state">What the part needs besides; it must give the same bits each time.</param>
    /// <param name="part">The part: the ops, x and the state give its result.</param>
    /// <param name="hold">
    /// Keeps the state alive until the result is disposed: called once if the part will run again. Null: it must not, because
    /// other parts read what it makes within.
    /// </param>
    Tensor Recompute<TState>(Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part,
        Func<TState, IDisposable>? hold);

    /// <summary>
    /// Two parts of a model that take turns in reading one half of the features and adding to the other (Gomez et al., 2017:
    /// RevNet, equation 6): with <c>x = [x1, x2]</c> the result is <c>[y1, y2]</c>, <c>y1 = x1 + first(x2)</c>,
    /// <c>y2 = x2 + second(y1)</c>. x follows from the result, so ops that record need not keep it.
    /// </summary>
    /// <param name="x">Rows, <c>[N, 2E]</c>.</param>
    /// <param name="state">What the parts need besides; they must give the same bits each time, in either order.</param>
    /// <param name="first">The ops, half of x and the state give what is added: <c>[N, E] → [N, E]</c>.</param>
    /// <param name="second">As <paramref name="first"/>.</param>
    /// <param name="hold">
    /// Keeps the state alive until the result is disposed: called once, before the parts, if they will run again.
    /// </param>
    Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold);

    /// <summary>Makes a call and fills <paramref name="results"/> with new tensors.</summary>
    internal void Run<TOp>(TOp op, Span<Tensor> results)
        where TOp : struct, IOp<TOp>;
}
