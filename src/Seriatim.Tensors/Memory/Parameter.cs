namespace Seriatim.Tensors;

/// <summary>In which order the elements of a parameter lie in memory.</summary>
public enum ParameterLayout
{
    /// <summary>Row after row.</summary>
    RowMajor,

    /// <summary>
    /// <c>[Rows / 32][Columns][32]</c>: 32 rows side by side, the last panel filled with zeros. What a matrix product
    /// with outputs in lanes reads in order; optimizers work element by element and do not care.
    /// </summary>
    Panels,
}

/// <summary>
/// A trainable matrix <c>[Rows, Columns]</c> (a vector has one row): its name in the model, its data, and the gradient
/// that backward passes add to (<c>+=</c>; <see cref="ClearGradient"/> starts anew).
/// </summary>
public sealed unsafe class Parameter : IDisposable
{
    /// <summary>Rows in one panel of <see cref="ParameterLayout.Panels"/>.</summary>
    public const int PanelRows = 32;

    private Tensor? _gradient;
    private Tensor? _master;
    private bool _gradientIsZero;
    private int _disposed;

    /// <summary>Allocates a parameter full of zeros in this machine's memory.</summary>
    /// <param name="name">The name errors use, e.g. <c>model.layers.3.mlp.up_proj.weight</c>.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, at least 1.</param>
    /// <param name="layout">Order of the elements.</param>
    /// <param name="type">F32, or F16/BF16 for storage at half the size (such a parameter cannot be trained).</param>
    public Parameter(string name, int rows, int columns, ParameterLayout layout = ParameterLayout.RowMajor,
        DataType type = DataType.F32)
        : this(Device.Cpu, name, rows, columns, layout, type)
    {
    }

    internal Parameter(Device device, string name, int rows, int columns, ParameterLayout layout, DataType type)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        if (type == DataType.I32)
            throw new ArgumentException($"Parameter '{name}' cannot be stored as {type}.", nameof(type));
        (Device, Name, Rows, Columns, Layout) = (device, name, rows, columns, layout);
        Data = NewStorage(type);
        Trainable = type == DataType.F32;
    }

    private Parameter(string name, int rows, int columns, ParameterLayout layout, DataType type, nint address)
    {
        (Device, Name, Rows, Columns, Layout) = (Device.Cpu, name, rows, columns, layout);
        (int storedRows, int storedColumns) = StoredShape();
        Data = new Tensor(storedRows, storedColumns, type, address);
    }

    /// <summary>
    /// A parameter whose values lie in memory of somebody else in this machine, as <see cref="WriteStored"/> wrote them. It is
    /// not trained, and the memory must outlive it.
    /// </summary>
    /// <param name="name">The name errors use.</param>
    /// <param name="rows">Rows, at least 1.</param>
    /// <param name="columns">Columns, at least 1.</param>
    /// <param name="layout">Order of the elements.</param>
    /// <param name="type">How they are stored.</param>
    /// <param name="address">The first of them, at a multiple of 64.</param>
    public static Parameter Over(string name, int rows, int columns, ParameterLayout layout, DataType type, nint address)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(address % TensorPool.Alignment, 0, nameof(address));
        return new Parameter(name, rows, columns, layout, type, address);
    }

    /// <summary>
    /// Writes the elements as they lie in memory, for <see cref="Over"/>. The values must be in this machine's memory.
    /// </summary>
    public void WriteStored(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        StoredBytes.Write((byte*)Data.Data, Data.Bytes, stream);
    }

    /// <summary>Whose memory the values and the gradient are in.</summary>
    public Device Device { get; }

    /// <summary>The name errors and optimizers use.</summary>
    public string Name { get; }

    /// <summary>Rows: outputs of a linear layer, entries of an embedding; 1 for a vector.</summary>
    public int Rows { get; }

    /// <summary>Columns: inputs of a linear layer, width of an embedding, length of a vector.</summary>
    public int Columns { get; }

    /// <summary>Order of the elements of <see cref="Data"/> and <see cref="Gradient"/>.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>The values, in <see cref="Layout"/>; fillers of the last panel are zero.</summary>
    public Tensor Data { get; private set; }

    /// <summary>
    /// The F32 values that optimizers change and checkpoints keep: <see cref="Data"/> itself, or after <see cref="KeepMaster"/>
    /// those it is rounded from.
    /// </summary>
    public Tensor Master => _master ?? Data;

    /// <summary>
    /// The gradient in the layout of <see cref="Data"/>, F32; null until a backward pass reaches the parameter. Waits for what
    /// was asked of the device so far: only then it is known whether one did.
    /// </summary>
    public Tensor? Gradient
    {
        get
        {
            if (!Device.IsHere)
                Device.Synchronize();
            if (_gradientIsZero)
            {
                _gradientIsZero = false;
                Device.Clear(_gradient!);
            }

            return _gradient;
        }
    }

    /// <summary>Whether backward passes compute a gradient. F32 parameters start as trainable.</summary>
    public bool Trainable { get; set; }

    /// <summary>The gradient, made of zeros if there is none yet.</summary>
    /// <exception cref="InvalidOperationException">A tape has said that the gradient is complete.</exception>
    public Tensor GradientOrZeros()
    {
        RefuseIfComplete();
        return Gradient ?? (_gradient = NewStorage(DataType.F32));
    }

    /// <summary>
    /// Whether a tape has said, in the middle of a backward pass, that nothing will be added to the gradient any more.
    /// </summary>
    internal bool IsComplete { get; set; }

    /// <summary>
    /// From now on products read the values rounded to BF16, half as many bytes, while <see cref="Master"/> keeps them in F32
    /// for optimizers, averages and checkpoints (Micikevicius et al., 2018). Whoever changes the master rounds it anew
    /// (<see cref="OpsExtensions.RoundMaster"/>).
    /// </summary>
    /// <exception cref="InvalidOperationException">The values are not in F32, or there is a master already.</exception>
    public void KeepMaster()
    {
        if (Data.Type != DataType.F32 || _master is not null)
            throw new InvalidOperationException($"{this} is stored as {Data.Type}; a master is kept of F32 values, once.");
        (_master, Data) = (Data, NewStorage(DataType.BF16));
        if (Device.IsHere)
            Round();
        else
            Device.Enqueue(Round);
    }

    private void Round() => SixteenBits.ToBFloat16(_master!.Floats, (ushort*)Data.Data, Data.Length);

    /// <summary>
    /// Sets the gradient to zero, keeping its memory. The memory itself is cleared when somebody asks for <see cref="Gradient"/>,
    /// unless a backward pass sets all of it before: a pass over memory less in a step.
    /// </summary>
    public void ClearGradient()
    {
        if (Device.IsHere)
            _gradientIsZero = _gradient is not null;
        else
            Device.Enqueue(() => _gradientIsZero = _gradient is not null);
    }

    /// <summary>Gives the gradient's memory back; the next backward pass makes it anew.</summary>
    public void DropGradient()
    {
        if (Device.IsHere)
            Drop();
        else
            Device.Enqueue(Drop);

        void Drop()
        {
            _gradient?.Dispose();
            (_gradient, _gradientIsZero) = (null, false);
        }
    }

    /// <summary>
    /// Whether the gradient counts as zero while its memory was not cleared. If so the caller has to set every element, fillers
    /// of the last panel too, as if it added to zeros.
    /// </summary>
    internal bool SetsGradient()
    {
        RefuseIfComplete();
        bool sets = _gradientIsZero;
        _gradientIsZero = false;
        return sets;
    }

    /// <summary>Stores one row; values are rounded to nearest even if the storage is F16 or BF16.</summary>
    /// <exception cref="ShapeMismatchException"><paramref name="values"/> is not <see cref="Columns"/> long.</exception>
    public void WriteRow(int row, ReadOnlySpan<float> values)
    {
        CheckRow(row, values.Length);
        WriteRows(row, values);
    }

    /// <summary>
    /// Stores whole rows from <paramref name="firstRow"/> on, given in row-major order: the fast way to fill a parameter.
    /// </summary>
    /// <exception cref="ShapeMismatchException">The values are not a whole number of rows that exist.</exception>
    public void WriteRows(int firstRow, ReadOnlySpan<float> values)
    {
        int rows = values.Length / Columns;
        ShapeMismatchException.Require(
            firstRow >= 0 && rows * Columns == values.Length && firstRow + rows <= Rows, Name, "the rows written",
            $"{values.Length} values from row {firstRow} on", $"whole rows of {Columns} within {Rows} rows");
        if (Device.IsHere)
        {
            StoreRows(firstRow, values);
            return;
        }

        float[] copy = values.ToArray();
        Device.Enqueue(() => StoreRows(firstRow, copy));
    }

    private void StoreRows(int firstRow, ReadOnlySpan<float> values)
    {
        int rows = values.Length / Columns;
        int done = 0;
        if (Layout == ParameterLayout.Panels && Master.Type == DataType.F32)
        {
            fixed (float* from = values)
            {
                for (; firstRow % 8 == 0 && done + 8 <= rows; done += 8, firstRow += 8)
                {
                    Transpose.Block(from + (long)done * Columns, Columns, 8, Columns,
                        Master.Floats + Offset(firstRow, 0), PanelRows);
                }
            }
        }

        for (; done < rows; done++, firstRow++)
            Elements.Write(Master, Offset(firstRow, 0), Stride, values.Slice(done * Columns, Columns));
        if (_master is not null)
            Round();
    }

    /// <summary>
    /// Stores whole rows of a F16 or BF16 parameter as the 16-bit patterns they are in a file, without rounding anything.
    /// </summary>
    /// <exception cref="InvalidOperationException">The parameter is not stored in 16 bits.</exception>
    /// <exception cref="ShapeMismatchException">The values are not a whole number of rows that exist.</exception>
    public void WriteRows(int firstRow, ReadOnlySpan<ushort> patterns)
    {
        if (Master.Type is not (DataType.F16 or DataType.BF16))
            throw new InvalidOperationException($"{this} is stored as {Master.Type}; 16-bit patterns do not fit.");
        int rows = patterns.Length / Columns;
        ShapeMismatchException.Require(
            firstRow >= 0 && rows * Columns == patterns.Length && firstRow + rows <= Rows, Name, "the rows written",
            $"{patterns.Length} values from row {firstRow} on", $"whole rows of {Columns} within {Rows} rows");
        if (Device.IsHere)
        {
            StoreRows(firstRow, patterns);
            return;
        }

        ushort[] copy = patterns.ToArray();
        Device.Enqueue(() => StoreRows(firstRow, copy));
    }

    private void StoreRows(int firstRow, ReadOnlySpan<ushort> patterns)
    {
        int rows = patterns.Length / Columns;
        ushort* data = (ushort*)Data.Data;
        if (Layout == ParameterLayout.RowMajor)
        {
            patterns.CopyTo(new Span<ushort>(data + Offset(firstRow, 0), patterns.Length));
            return;
        }

        fixed (ushort* from = patterns)
        {
            for (int done = 0; done < rows;)
            {
                int row = firstRow + done, count = Math.Min(rows - done, PanelRows - row % PanelRows);
                TransposePatterns.Block(from + (long)done * Columns, Columns, count, Columns, data + Offset(row, 0), PanelRows);
                done += count;
            }
        }
    }

    /// <summary>Reads one row of <see cref="Master"/> as F32.</summary>
    /// <exception cref="ShapeMismatchException"><paramref name="values"/> is not <see cref="Columns"/> long.</exception>
    public void ReadRow(int row, Span<float> values)
    {
        CheckRow(row, values.Length);
        Load(Master, row, values);
    }

    /// <summary>Reads one row of the gradient; zeros if there is none.</summary>
    /// <exception cref="ShapeMismatchException"><paramref name="values"/> is not <see cref="Columns"/> long.</exception>
    public void ReadGradientRow(int row, Span<float> values)
    {
        CheckRow(row, values.Length);
        if (Gradient is { } gradient)
            Load(gradient, row, values);
        else
            values.Clear();
    }

    /// <summary>Adds to one row of the gradient.</summary>
    public void AddGradientRow(int row, ReadOnlySpan<float> values)
    {
        CheckRow(row, values.Length);
        float* gradient = GradientOrZeros().Floats + Offset(row, 0);
        for (int column = 0; column < Columns; column++)
            gradient[(long)column * Stride] += values[column];
    }

    /// <summary>
    /// Gives its memory back. A second time nothing happens: the reference is taken away once, whoever else holds one.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        Data.Dispose();
        _master?.Dispose();
        _gradient?.Dispose();
        _gradient = null;
        _gradientIsZero = false;
    }

    /// <summary>Name and shape, as error messages write them.</summary>
    public override string ToString() => $"{Name} [{Rows}, {Columns}]";

    /// <summary>Index of an element in <see cref="Data"/>.</summary>
    internal long Offset(int row, int column) => Layout == ParameterLayout.RowMajor
        ? (long)row * Columns + column
        : ((long)(row / PanelRows) * Columns + column) * PanelRows + row % PanelRows;

    /// <summary>Elements from a column to the next.</summary>
    private int Stride => Layout == ParameterLayout.RowMajor ? 1 : PanelRows;

    private void RefuseIfComplete()
    {
        if (IsComplete)
        {
            throw new InvalidOperationException($"The gradient of {this} was called complete, and an op that does not declare "
                + "the parameter (IOp.Show) adds to it.");
        }
    }

    private Tensor NewStorage(DataType type)
    {
        (int rows, int columns) = StoredShape();
        var storage = new Tensor(Device, rows, columns, type, lasting: true);
        if (!Device.LastsAsZeros)
            Device.Clear(storage);
        return storage;
    }

    private (int Rows, int Columns) StoredShape() => Layout == ParameterLayout.RowMajor
        ? (Rows, Columns)
        : ((Rows + PanelRows - 1) / PanelRows, PanelColumns());

    private int PanelColumns() => Columns <= int.MaxValue / PanelRows
        ? Columns * PanelRows
        : throw new ArgumentOutOfRangeException(
            "columns", $"Parameter '{Name}' has {Columns} columns; a matrix in panels can have {int.MaxValue / PanelRows}.");

    private void Load(Tensor source, int row, Span<float> values)
    {
        if (Device.IsHere)
        {
            Elements.Read(source, Offset(row, 0), Stride, values);
            return;
        }

        float[] copy = new float[values.Length];
        Device.Run(() => Elements.Read(source, Offset(row, 0), Stride, copy));
        copy.CopyTo(values);
    }

    private void CheckRow(int row, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Rows);
        ShapeMismatchException.Require(length == Columns, Name, "a row", $"{length} long", $"{Columns}");
    }
}
