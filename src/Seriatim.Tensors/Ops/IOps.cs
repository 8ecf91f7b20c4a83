namespace Seriatim.Tensors;

/// <summary>
/// What a device can do: coarse, transformer-level operations. A model is written against this interface and asks
/// neither where it runs nor whether gradients are recorded.
/// </summary>
/// <remarks>
/// Letters: N rows (tokens), E features, H query heads, K key/value heads, D head dimension, F feed-forward features,
/// V vocabulary. Every result is a new tensor that the caller disposes; operands are never changed. Row n of a result depends on
/// row n of the operands alone (attention: on its own sequence alone), bit for bit. All values are F32. A shape that does
/// not fit is a <see cref="ShapeMismatchException"/> that names the operand.
/// </remarks>
public interface IOps
{
    /// <summary>Looks rows up: <c>ids [N] → [N, E]</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the table; the message gives both numbers.</exception>
    Tensor Embed(EmbeddingWeight table, ReadOnlyMemory<int> ids);

    /// <summary><c>y = x Wᵀ + b</c>: <c>[N, I] → [N, O]</c>.</summary>
    Tensor Linear(Tensor x, LinearWeight weight);

    /// <summary>Several linear layers of one input, e.g. q, k and v: <c>[N, I] → [N, O_i]</c> each.</summary>
    void LinearMany(Tensor x, ReadOnlySpan<LinearWeight> weights, Span<Tensor> results);

    /// <summary>RMS or layer norm of each row: <c>[N, E] → [N, E]</c>. E may be a multiple of the weight's length: then each piece is a row (norms per head).</summary>
    Tensor Norm(Tensor x, NormWeight weight);

    /// <summary>Turns query or key heads by their position: <c>[N, H·D] → [N, H·D]</c>.</summary>
    Tensor Rope(Tensor x, RopeRows rows);

    /// <summary>
    /// Scaled dot-product attention over ragged segments: q <c>[N, H·D]</c>, k and v <c>[M, K·D]</c> → <c>[N, H·D]</c>. Segments with
    /// pages first store their new keys and values there, under <paramref name="layer"/>. k and v are null if no segment has new keys.
    /// </summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">New keys.</param>
    /// <param name="v">New values.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Where in the pool keys and values lie.</param>
    /// <param name="spec">The shape and the rule.</param>
    /// <param name="sinkQueries">
    /// Queries for the sinks of segments with a <see cref="AttentionSegment.Window"/>, turned by the position within the window instead of that
    /// within the sequence, <c>[N, H·D]</c>; null: those of q, for models that turn nothing.
    /// </param>
    Tensor Attention(
        Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, Tensor? sinkQueries = null);

    /// <summary>
    /// Gated linear recurrence over ragged segments (Feng et al., 2024: minGRU): <c>h_t = (1 - σ(z_t)) h_(t-1) + σ(z_t) v_t</c>;
    /// z and v <c>[N, W]</c> → <c>[N, W]</c>. States of the rows that the segments name are kept under <paramref name="layer"/>.
    /// </summary>
    /// <param name="z">Gates before their sigmoid.</param>
    /// <param name="v">What goes into the state.</param>
    /// <param name="rows">The segments.</param>
    /// <param name="layer">Which of the states of a slot is meant.</param>
    Tensor GatedRecurrence(Tensor z, Tensor v, RecurrenceRows rows, int layer);

    /// <summary><c>f(x)</c>, element by element.</summary>
    Tensor Activate(Tensor x, Activation activation);

    /// <summary><c>f(gate) · up</c>, element by element: the middle of a gated feed-forward layer (Shazeer, 2020).</summary>
    Tensor GatedActivate(Tensor gate, Tensor up, Activation activation);

    /// <summary><c>a + b</c>, element by element.</summary>
    Tensor Add(Tensor a, Tensor b);

    /// <summary><c>factor · x</c>.</summary>
    Tensor Scale(Tensor x, float factor);

    /// <summary>Each element 0 or multiplied by <c>1 / (1 - rate)</c>, by the mask: <c>[N, E] → [N, E]</c>. Its own backward pass.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not from 0 to below 1.</exception>
    Tensor Dropout(Tensor x, DropoutMask mask);

    /// <summary><c>cap · tanh(x / cap)</c>.</summary>
    Tensor SoftCap(Tensor x, float cap);

    /// <summary>Some rows of x, in the order given, repeats allowed: <c>[N, E] → [rows, E]</c>.</summary>
    Tensor GatherRows(Tensor x, ReadOnlyMemory<int> rows);

    /// <summary>
    /// Softmax over the router's logits <c>[N, experts]</c>, the best <paramref name="perToken"/> of each row (ties: the smaller expert),
    /// their weights divided by their sum if <paramref name="renormalise"/>.
    /// </summary>
    ExpertRouting RouteExperts(Tensor logits, int perToken, bool renormalise);

    /// <summary>The row of every (row, expert) pair: <c>[N, E] → [N·PerToken, E]</c>, sorted by expert.</summary>
    Tensor DispatchToExperts(Tensor x, ExpertRouting routing);

    /// <summary>Each expert's linear layer on its own pairs: <c>[N·PerToken, I] → [N·PerToken, O]</c>.</summary>
    Tensor LinearExperts(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing);

    /// <summary>The weighted sum of each row's pairs, in the order of the experts: <c>[N·PerToken, E] → [N, E]</c>.</summary>
    Tensor CombineExperts(Tensor x, ExpertRouting routing);

    /// <summary>
    /// Cross-entropy of <c>softmax(hidden Wᵀ + b)</c> against labels, in pieces of the vocabulary, never holding <c>[N, V]</c>:
    /// hidden <c>[N, E]</c>, labels [N] → <c>[1, 1]</c>, or <c>[N, 1]</c> without reduction. With a mean and no label that counts, 0.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">A label is neither in the vocabulary nor ignored.</exception>
    Tensor CrossEntropy(Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options);
}
