namespace Seriatim.Tensors;

/// <summary>
/// What owns memory and runs ops: makes and frees tensors in the order of its work, takes values in and gives them
/// out, packs weights, makes pools of pages, and has the ops. A tensor is a shape, a type and the storage of its
/// device; nothing in a model asks which one.
/// </summary>
/// <remarks>
/// Work of a device runs in the order it was asked for, and may run later than it was asked for. Only <see cref="Read"/>,
/// <see cref="ReadAsync"/> and <see cref="Synchronize"/> wait. Host operands of ops (ids, rows, labels, page
/// tables) must stay as they are until the op has run: until something that was asked for later has been read,
/// or <see cref="Synchronize"/> has returned.
/// </remarks>
public abstract class Device
{
    /// <summary>The processors and the memory of this machine. Runs each op when it is called.</summary>
    public static Device Cpu { get; } = new CpuDevice();

    /// <summary>What errors call it.</summary>
    public abstract string Name { get; }

    /// <summary>Starts ops on this device; disposing them stops what they run on, not the device.</summary>
    /// <param name="threads">Threads, the calling one included; 0 for one a core.</param>
    /// <param name="width">
    /// Width of the vectors; null for the widest. Results are the same bits for every width and number of threads.
    /// </param>
    public abstract IDifferentiableOps NewOps(int threads = 0, LaneWidth? width = null);

    /// <summary>A tensor whose elements are not initialised.</summary>
    public Tensor NewTensor(int rows, int columns, DataType type = DataType.F32) => new(this, rows, columns, type);

    /// <summary>A tensor of zeros.</summary>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="type">How the elements are stored.</param>
    /// <param name="lasting">
    /// Whether it lives as long as a weight does, as the moments of an optimizer do: then its
    /// memory goes back to the system, not to a pool.
    /// </param>
    public Tensor Zeros(int rows, int columns, DataType type = DataType.F32, bool lasting = false)
    {
        var tensor = new Tensor(this, rows, columns, type, lasting);
        if (!lasting || !LastsAsZeros)
            Clear(tensor);
        return tensor;
    }

    /// <summary>
    /// A tensor with a copy of <paramref name="values"/> in row-major order. The values may change when this has returned.
    /// </summary>
    /// <exception cref="ShapeMismatchException">There are not rows x columns values.</exception>
    public Tensor Upload(ReadOnlySpan<float> values, int rows, int columns)
    {
        ShapeMismatchException.Require(
            values.Length == (long)rows * columns, "Upload", "values", $"{values.Length} long", $"{rows} x {columns}");
        Tensor tensor = NewTensor(rows, columns);
        Write(tensor, values);
        return tensor;
    }

    /// <summary>
    /// Sets all elements of an F32 tensor, in the order of the device's work. The values may change when this has returned.
    /// </summary>
    /// <exception cref="ShapeMismatchException">There are more or fewer values than elements.</exception>
    public abstract void Write(Tensor tensor, ReadOnlySpan<float> values);

    /// <summary>Sets all elements to zero, in the order of the device's work.</summary>
    public abstract void Clear(Tensor tensor);

    /// <summary>Waits for what was asked for so far and gives the elements of an F32 tensor to the host.</summary>
    /// <exception cref="InvalidOperationException">The tensor is not F32.</exception>
    /// <exception cref="ObjectDisposedException">The tensor was disposed.</exception>
    public abstract HostRows Read(Tensor tensor);

    /// <summary>As <see cref="Read"/>, without blocking a thread.</summary>
    public abstract ValueTask<HostRows> ReadAsync(Tensor tensor, CancellationToken cancellation = default);

    /// <summary>
    /// Waits until everything that was asked for so far has run. An op that failed since the last wait throws here.
    /// </summary>
    public abstract void Synchronize();

    /// <summary>As <see cref="Synchronize"/>, without blocking a thread.</summary>
    public abstract ValueTask SynchronizeAsync(CancellationToken cancellation = default);

    /// <summary>A trainable matrix of zeros in this device's memory.</summary>
    /// <param name="name">The name errors use, e.g. <c>model.layers.3.mlp.up_proj.weight</c>.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, at least 1.</param>
    /// <param name="layout">Order of the elements.</param>
    /// <param name="type">F32, or F16/BF16 for storage at half the size (such a parameter cannot be trained).</param>
    public Parameter NewParameter(
        string name, int rows, int columns, ParameterLayout layout = ParameterLayout.RowMajor, DataType type = DataType.F32) =>
        new(this, name, rows, columns, layout, type);

    /// <summary>Makes a linear weight of a dense matrix.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c> in <see cref="ParameterLayout.Panels"/>; F32, F16 or BF16.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public virtual LinearWeight Pack(Parameter matrix, Parameter? bias = null) => new DenseWeight(matrix, bias);

    /// <summary>Makes a linear weight of quantised blocks. It is frozen, but passes the gradient of its input.</summary>
    /// <param name="matrix">W <c>[Outputs, Inputs]</c>.</param>
    /// <param name="bias">F32 <c>[1, Outputs]</c>, or null.</param>
    /// <exception cref="ShapeMismatchException">The bias does not fit.</exception>
    public virtual LinearWeight Pack(QuantizedMatrix matrix, Parameter? bias = null) => new QuantizedWeight(matrix, bias);

    /// <summary>
    /// A pool of pages for keys and values: <see cref="KeyValuePool(Device, int, int, int, int, int, KeyValueType, bool)"/>.
    /// </summary>
    /// <param name="layers">Attention layers that store keys and values here.</param>
    /// <param name="heads">Key/value heads of a layer, K.</param>
    /// <param name="headDim">Features of a head, D.</param>
    /// <param name="pageSize">Positions in a page, P: 1, 2, 4, 8 or a multiple of 16.</param>
    /// <param name="pages">Number of pages.</param>
    /// <param name="type">How keys and values are stored.</param>
    /// <param name="sharesValues">Whether the values are the keys, which are then all that is stored.</param>
    public KeyValuePool NewPages(int layers, int heads, int headDim, int pageSize, int pages,
        KeyValueType type = KeyValueType.F32, bool sharesValues = false) =>
        new(this, layers, heads, headDim, pageSize, pages, type, sharesValues);

    /// <summary>Slots for the states of recurrent layers: <see cref="StateStorage(Device, ReadOnlySpan{int}, int)"/>.</summary>
    /// <param name="widths">Features of the state of each layer.</param>
    /// <param name="slots">Number of slots.</param>
    public StateStorage NewStates(ReadOnlySpan<int> widths, int slots) => new(this, widths, slots);

    /// <summary>The device's name.</summary>
    public override string ToString() => Name;

    /// <summary>Whether the calling thread may read and write the device's memory as it is.</summary>
    internal abstract bool IsHere { get; }

    /// <summary>Whether lasting memory is all zeros when it is allocated.</summary>
    internal virtual bool LastsAsZeros => false;

    /// <summary>Memory of a tensor. It may be used by work that is asked for from now on.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="lasting">Whether it lives as long as a weight does: then it goes back to the system when it is freed.</param>
    /// <param name="tag">What <see cref="Free"/> has to know.</param>
    internal abstract nint Allocate(long bytes, bool lasting, out int tag);

    /// <summary>Gives memory back once the work that was asked for before has run.</summary>
    internal abstract void Free(Tensor tensor, nint address, int tag, long bytes);

    /// <summary>
    /// Runs host code in the order of the device's work, where its memory can be used, and does not wait for it.
    /// </summary>
    internal abstract void Enqueue(Action work);

    /// <summary>As <see cref="Enqueue"/>, and waits.</summary>
    internal void Run(Action work)
    {
        Enqueue(work);
        Synchronize();
    }
}
