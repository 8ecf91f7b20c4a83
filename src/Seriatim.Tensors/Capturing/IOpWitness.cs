namespace Seriatim.Tensors;

/// <summary>Looks on while a model computes; what it wants to keep it reads at once (<see cref="CapturingOps"/>).</summary>
public interface IOpWitness
{
    /// <summary>A layer begins.</summary>
    /// <param name="x">The residual stream before it.</param>
    void LayerBegins(Tensor x);

    /// <summary>A call was made. The view, and the tensors it shows, are the witness's until this returns.</summary>
    /// <param name="call">What was called, on what, and what came out.</param>
    void Called(OpView call);

    /// <summary>The layer that began is over.</summary>
    /// <param name="y">The residual stream after it.</param>
    void LayerEnds(Tensor y);
}
