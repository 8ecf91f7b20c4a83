namespace Seriatim.Tensors;

/// <summary>
/// The backward half of <see cref="IOps"/>, one method for each op that has a gradient: what <see cref="Tape"/> calls. An
/// op added to <see cref="IOps"/> without its backward pass does not compile.
/// </summary>
/// <remarks>
/// Accumulation rule: gradients of activations are returned as new tensors (<c>=</c>); gradients of parameters are added to
/// <see cref="Parameter.Gradient"/> (<c>+=</c>) if <see cref="Parameter.Trainable"/>. <c>dy</c> is the gradient of the op's result.
/// Results do not depend on the number of threads or the width of the lanes.
/// </remarks>
public interface IDifferentiableOps : IOps, IDisposable
{
    /// <summary>Adds each row of dy to its row of the table's gradient.</summary>
    void EmbedBackward(EmbeddingWeight table, ReadOnlyMemory<int> ids, Tensor dy);

    /// <summary>Returns <c>dx = dy W</c>; adds <c>dyᵀ x</c> and the column sums of dy to the gradients of W and b.</summary>
    Tensor LinearBackward(Tensor x, LinearWeight weight, Tensor dy);

    /// <summary>Returns dx; adds to the gradients of the norm's factor and bias.</summary>
    Tensor NormBackward(Tensor x, NormWeight weight, Tensor dy);

    /// <summary>Turns dy back.</summary>
    Tensor RopeBackward(RopeRows rows, Tensor dy);

    /// <summary>As <see cref="IOps.Attention"/>, and the log-sum-exp of every row's scores <c>[N, H]</c>, which the backward pass needs.</summary>
    Tensor Attention(Tensor q, Tensor? k, Tensor? v, AttentionRows rows, int layer, AttentionSpec spec, out Tensor logSumExp);

    /// <summary>
    /// Recomputes the scores from the saved log-sum-exp (Dao et al., 2022: FlashAttention, algorithm 4) and returns the gradients of
    /// q, k and v; adds to the gradient of a relative bias. Segments must not have pages.
    /// </summary>
    (Tensor Dq, Tensor Dk, Tensor Dv) AttentionBackward(
        Tensor q, Tensor k, Tensor v, Tensor y, Tensor logSumExp, AttentionRows rows, AttentionSpec spec, Tensor dy);

    /// <summary>Returns the gradients of z and v, through time. Segments must begin with zeros and be no trees.</summary>
    (Tensor Dz, Tensor Dv) GatedRecurrenceBackward(Tensor z, Tensor v, Tensor y, RecurrenceRows rows, Tensor dy);

    /// <summary>Returns <c>dx = f'(x) · dy</c>.</summary>
    Tensor ActivateBackward(Tensor x, Activation activation, Tensor dy);

    /// <summary>Returns the gradients of gate and up.</summary>
    (Tensor Dgate, Tensor Dup) GatedActivateBackward(Tensor gate, Tensor up, Activation activation, Tensor dy);

    /// <summary>Returns <c>(1 - (y / cap)²) · dy</c> from the op's result y.</summary>
    Tensor SoftCapBackward(Tensor y, float cap, Tensor dy);

    /// <summary>Returns dx <c>[sourceRows, E]</c>: each row of dy added to the row it came from.</summary>
    Tensor GatherRowsBackward(ReadOnlyMemory<int> rows, int sourceRows, Tensor dy);

    /// <summary>Returns the gradient of the router's logits from that of <see cref="ExpertRouting.Weights"/>.</summary>
    Tensor RouteExpertsBackward(Tensor logits, ExpertRouting routing, bool renormalise, Tensor dweights);

    /// <summary>Returns dx <c>[N, E]</c>: the sum over each row's pairs.</summary>
    Tensor DispatchToExpertsBackward(ExpertRouting routing, Tensor dy);

    /// <summary>Returns dx; adds to the gradients of the experts that had pairs.</summary>
    Tensor LinearExpertsBackward(Tensor x, IReadOnlyList<LinearWeight> experts, ExpertRouting routing, Tensor dy);

    /// <summary>Returns dx <c>[N·PerToken, E]</c> and the gradient of <see cref="ExpertRouting.Weights"/> <c>[N·PerToken, 1]</c>.</summary>
    (Tensor Dx, Tensor Dweights) CombineExpertsBackward(Tensor x, ExpertRouting routing, Tensor dy);

    /// <summary>As <see cref="IOps.CrossEntropy"/>, and what the backward pass needs of it, which the caller disposes.</summary>
    Tensor CrossEntropy(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, out CrossEntropyState state);

    /// <summary>Returns the gradient of hidden; adds to the gradients of the head. dloss has the shape of the loss. Uses up the kept logits of the state.</summary>
    Tensor CrossEntropyBackward(
        Tensor hidden, LinearWeight head, ReadOnlyMemory<int> labels, CrossEntropyOptions options, CrossEntropyState state, Tensor dloss);
}
