namespace Seriatim.Generation.Tests;

/// <summary>A device whose ops break where a test wants it to: before an op runs, as a lack of memory would.</summary>
internal sealed class FaultyOps(IOps inner) : IOps
{
    private int _calls;

    /// <summary>Called before each op with its number, from 0.</summary>
    public Action<int> BeforeOp { get; set; } = _ => { };

    public Device Device => inner.Device;

    public Tensor Recompute<TState>(Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part,
        Func<TState, IDisposable>? hold) => part(this, x, state);

    public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold) =>
        Coupling.Forward(this, x, state, first, second);

    void IOps.Run<TOp>(TOp op, Span<Tensor> results)
    {
        BeforeOp(Interlocked.Increment(ref _calls) - 1);
        inner.Run(op, results);
    }
}
