using System.Diagnostics;

namespace Seriatim.Tensors;

/// <summary>Hears of every call that ops make: measurements and traces are made of this.</summary>
public interface IOpObserver
{
    /// <summary>A call was made. On a device that runs later this is when it was asked for, not when it ran.</summary>
    /// <param name="name">Name of the op.</param>
    /// <param name="part">What part of a Transformer it belongs to.</param>
    /// <param name="ticks">How long it took, in ticks of <see cref="Stopwatch"/>.</param>
    void Called(string name, OpPart part, long ticks);
}

/// <summary>Ops that tell an observer of every call, forward and backward.</summary>
/// <param name="inner">Does the work; disposed with this.</param>
/// <param name="observer">Told after each call, on the thread that called.</param>
public sealed class ObservedOps(IDifferentiableOps inner, IOpObserver observer) : IDifferentiableOps
{
    /// <inheritdoc/>
    public Device Device => inner.Device;

    /// <summary>Who is told.</summary>
    public IOpObserver Observer => observer;

    /// <inheritdoc/>
    public Tensor Recompute<TState>(
        Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part, Func<TState, IDisposable>? hold) =>
        part(this, x, state);

    /// <inheritdoc/>
    public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold) =>
        Coupling.Forward(this, x, state, first, second);

    void IOps.Run<TOp>(TOp op, Span<Tensor> results)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Run(op, results);
        observer.Called(TOp.Name, op.Part, Stopwatch.GetTimestamp() - start);
    }

    void IDifferentiableOps.Call<TCall>(TCall call, Span<Tensor> results)
    {
        long start = Stopwatch.GetTimestamp();
        inner.Call(call, results);
        observer.Called(TCall.Name, call.Part, Stopwatch.GetTimestamp() - start);
    }

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();
}
