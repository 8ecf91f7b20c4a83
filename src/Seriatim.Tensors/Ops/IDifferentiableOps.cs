namespace Seriatim.Tensors;

/// <summary>
/// Ops of a device: they also run the calls that have no gradient themselves (backward passes, steps of optimizers), and stop
/// what they run on when they are disposed. What <see cref="Tape"/> records on.
/// </summary>
/// <remarks>Results do not depend on the number of threads or the width of the lanes.</remarks>
public interface IDifferentiableOps : IOps, IDisposable
{
    /// <summary>Makes any call and fills <paramref name="results"/> with new tensors.</summary>
    internal void Call<TCall>(TCall call, Span<Tensor> results)
        where TCall : struct, IOpCall;
}
