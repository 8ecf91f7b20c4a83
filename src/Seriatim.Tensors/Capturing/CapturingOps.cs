namespace Seriatim.Tensors;

/// <summary>
/// Ops that show every call of a model to a witness: operands, weights, results. What is shown stays where it was computed; only
/// what the witness reads leaves the device, and is counted. Models do not know of it, and the results are those of the inner
/// ops, bit for bit.
/// </summary>
/// <remarks>
/// Over a <see cref="Tape"/> it shows a pass that is recorded. Layers are told apart by <see cref="Recompute"/> and
/// <see cref="Couple"/>, which models call once a layer; the inner ops then see the calls of the layers, not the layers. Used by
/// one thread at a time.
/// </remarks>
/// <param name="inner">Does the work; not disposed with this.</param>
/// <param name="witness">Is shown each call after it was asked for.</param>
public sealed class CapturingOps(IOps inner, IOpWitness witness) : IOps
{
    private OpView? _free;

    /// <inheritdoc/>
    public Device Device => inner.Device;

    /// <summary>Bytes that the witness has read so far.</summary>
    public long BytesRead { get; private set; }

    /// <inheritdoc/>
    public Tensor Recompute<TState>(
        Tensor x, Tensor? shared, TState state, Func<IOps, Tensor, TState, Tensor> part, Func<TState, IDisposable> hold)
    {
        witness.LayerBegins(x);
        Tensor y = part(this, x, state);
        return Ended(y);
    }

    /// <inheritdoc/>
    public Tensor Couple<TState>(Tensor x, TState state, Func<IOps, Tensor, TState, Tensor> first,
        Func<IOps, Tensor, TState, Tensor> second, Func<TState, IDisposable> hold)
    {
        witness.LayerBegins(x);
        return Ended(Coupling.Forward(this, x, state, first, second));
    }

    void IOps.Run<TOp>(TOp op, Span<Tensor> results)
    {
        inner.Run(op, results);
        OpView view = _free ?? new OpView(this);
        _free = null; // a witness may call ops itself
        try
        {
            view.Begin(TOp.Name, op.Part, results);
            op.Show(view);
            witness.Called(view);
        }
        catch
        {
            foreach (Tensor result in results)
                result.Dispose();
            throw;
        }

        view.End();
        _free = view;
    }

    /// <summary>Reads a part of a row of a tensor that a witness is shown, and nothing else.</summary>
    /// <param name="tensor">An F32 tensor.</param>
    /// <param name="row">The row.</param>
    /// <param name="first">First column.</param>
    /// <param name="count">Columns.</param>
    public float[] Read(Tensor tensor, int row, int first, int count) =>
        Read(() => tensor.Row(row).Slice(first, count).ToArray());

    /// <summary>Reads a row.</summary>
    /// <param name="tensor">An F32 tensor.</param>
    /// <param name="row">The row.</param>
    public float[] Read(Tensor tensor, int row) => Read(tensor, row, 0, tensor.Columns);

    /// <summary>Makes one number of a row where it is, and reads that alone.</summary>
    /// <param name="tensor">An F32 tensor.</param>
    /// <param name="row">The row.</param>
    /// <param name="reduce">Makes the number.</param>
    public float Reduce(Tensor tensor, int row, Func<ReadOnlySpan<float>, float> reduce) =>
        Read(() => [reduce(tensor.Row(row))])[0];

    /// <summary>Runs host code where the device's memory can be used, after the work so far, and counts what it brings.</summary>
    internal float[] Read(Func<float[]> read)
    {
        float[] values = [];
        Device.Run(() => values = read());
        BytesRead += values.Length * (long)sizeof(float);
        return values;
    }

    private Tensor Ended(Tensor y)
    {
        try
        {
            witness.LayerEnds(y);
            return y;
        }
        catch
        {
            y.Dispose();
            throw;
        }
    }
}
