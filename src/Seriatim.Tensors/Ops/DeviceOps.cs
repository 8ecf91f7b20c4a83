namespace Seriatim.Tensors;

/// <summary>
/// The driver of all calls: checks, makes the results in the device's memory, and has them filled.
/// If anything fails, nothing is left alive.
/// </summary>
public abstract class DeviceOps : IDifferentiableOps
{
    internal DeviceOps(Device device) => Device = device;

    /// <inheritdoc/>
    public Device Device { get; }

    /// <inheritdoc/>
    public Tensor Recompute<TState>(
        Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part, Func<TState, IDisposable>? hold) =>
        part(this, x, state);

    /// <inheritdoc/>
    public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold) =>
        Coupling.Forward(this, x, state, first, second);

    void IOps.Run<TOp>(TOp op, Span<Tensor> results) => Start(op, results);

    void IDifferentiableOps.Call<TCall>(TCall call, Span<Tensor> results) => Start(call, results);

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Fills the results of a call that was checked, now or, in the order of the device's work, later.</summary>
    internal abstract void Execute<TCall>(TCall call, ReadOnlySpan<Tensor> results)
        where TCall : struct, IOpCall;

    private void Start<TCall>(TCall call, Span<Tensor> results)
        where TCall : struct, IOpCall
    {
        call.Check();
        if (results.Length != call.Results)
        {
            throw new ArgumentException($"{TCall.Name} makes {call.Results} tensors; there is room for {results.Length}.",
                nameof(results));
        }
        int made = 0;
        try
        {
            for (; made < results.Length; made++)
            {
                (int rows, int columns) = call.Shape(made);
                results[made] = Device.NewTensor(rows, columns);
            }

            Execute(call, results);
        }
        catch
        {
            foreach (Tensor tensor in results[..made])
                tensor.Dispose();
            throw;
        }
    }
}
