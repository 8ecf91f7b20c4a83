using System.Buffers;

namespace Seriatim.Models;

/// <summary>Parameters from a GGUF file. Records what was read.</summary>
/// <param name="checkpoint">The file; must stay open as long as the model if matrices are mapped.</param>
/// <param name="options">How matrices are kept.</param>
/// <param name="load">Where packed matrices are kept, and who is told how far loading is.</param>
internal sealed unsafe class GgufSource(GgufCheckpoint checkpoint, ModelLoadOptions options, LoadWork load) : IWeightSource
{
    private const string InputScale = ".input_scale";
    private const int Block = Parameter.PanelRows;
    private readonly HashSet<string> _read = [];
    private readonly Dictionary<string, TensorUse> _uses = [];
    private readonly List<SkippedTensor> _skipped = [];

    /// <inheritdoc/>
    public IReadOnlyList<TensorUse> Uses => [.. _uses.Values];

    /// <inheritdoc/>
    public IReadOnlyList<SkippedTensor> Skipped => _skipped;

    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        GgufEntry entry = Find(request);
        DataType type = request.IsMatrix && request.Place.ColumnTiles is null && options.Storage != WeightStorage.F32
            && entry.Type is GgmlType.F16 or GgmlType.BF16
            ? entry.Type.ToDataType()!.Value
            : DataType.F32;
        if (request.IsMatrix)
            Use(entry, $"{type}", entry.Type.ToDataType() != type);
        float scale = entry.Type.IsQuantized() ? ScaleOf(entry, request.Place) : 1;
        return load.Make(request, type, parameter => Fill(parameter, request, entry, scale));
    }

    /// <inheritdoc/>
    public QuantizedMatrix? MakeQuantized(ParameterRequest request)
    {
        if (options.Storage == WeightStorage.F32 || !request.IsMatrix || request.Place.ColumnTiles is not null)
            return null; // blocks of columns that stand elsewhere are opened
        GgufEntry entry = Find(request);
        if (entry.Type.ToBlockType() is not { } type)
            return options.Storage == WeightStorage.Q8 && BytesAtLoad.Takes(request) ? MakeBytes(entry, request) : null;
        float scale = ScaleOf(entry, request.Place);
        Use(entry, $"{type} blocks", opened: false);
        nint start = (nint)checkpoint.Pointer(entry);
        long rowBytes = entry.RowBytes;
        TensorPlace place = request.Place;
        QuantizedPlacement placement = options.Placement == WeightPlacement.Mapped ? QuantizedPlacement.Mapped
            : request.Layout == ParameterLayout.Panels ? QuantizedPlacement.Packed : QuantizedPlacement.Rows;
        return load.MakeQuantized(request, type, placement, scale, () => QuantizedMatrix.Create(
            request.Name, type, request.Rows, request.Columns, placement, row => (nint)(start + place.FileRow(row) * rowBytes),
            scale));
    }

    private QuantizedMatrix MakeBytes(GgufEntry entry, ParameterRequest request)
    {
        Use(entry, BytesAtLoad.InWords, opened: false);
        return load.MakeQuantized(request, BytesAtLoad.Type, QuantizedPlacement.Packed, 1,
            () => BytesAtLoad.Make(request, made => Fill(made, request, entry, 1)));
    }

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        List<string> unread = [];
        foreach (string name in checkpoint.Entries.Select(e => e.Name).Where(name => !_read.Contains(name)))
        {
            string? reason = names.ReasonFor(name)
                ?? (name.EndsWith(InputScale, StringComparison.Ordinal) ? "activations are not rounded to 4-bit floats" : null);
            if (reason is null)
                unread.Add(name);
            else
                _skipped.Add(new SkippedTensor(name, reason));
        }

        if (unread.Count > 0)
        {
            throw new CheckpointMismatchException(checkpoint.Path, unread,
                $"{unread.Count} tensors are in the file but not in the model its metadata describe: "
                    + $"{string.Join(", ", unread)}. A model that uses only a part of its weights is not loaded.");
        }
    }

    /// <summary>
    /// The factor of a whole matrix, or of the slice of it that one expert is: in a tensor beside it, as files of NVFP4 have it.
    /// </summary>
    private float ScaleOf(GgufEntry entry, TensorPlace place)
    {
        if (!entry.Name.EndsWith(".weight", StringComparison.Ordinal)
            || !checkpoint.TryGet($"{entry.Name[..^"weight".Length]}scale", out GgufEntry? scale))
            return 1;
        long needed = Math.Max(1, place.Slices);
        if (scale.Type != GgmlType.F32 || (scale.ElementCount != 1 && scale.ElementCount != needed))
        {
            throw new CheckpointMismatchException(scale.File.Path, [scale.Name],
                $"{scale.Name} has {scale.ElementCount} numbers of {scale.Type}; {entry.Name} needs {needed} of F32. "
                    + "Convert the model again.");
        }

        _read.Add(scale.Name);
        var values = new ReadOnlySpan<float>(checkpoint.Pointer(scale), (int)scale.ElementCount);
        return values[values.Length == 1 ? 0 : place.Rows!.First / place.SliceRows];
    }

    private void Use(GgufEntry entry, string used, bool opened) =>
        _uses.TryAdd(entry.Name, new TensorUse(entry.Name, $"{entry.Type}", used, opened));

    private GgufEntry Find(ParameterRequest request)
    {
        string name = request.Place.Name;
        if (!checkpoint.TryGet(name, out GgufEntry? entry))
        {
            throw new CheckpointMismatchException(checkpoint.Path, [name],
                $"{name} is missing; the metadata ({request.Why}) need it as {Shape(request.FileShape)}. "
                    + "Convert the model again.");
        }

        long[] shape = [.. entry.Shape];
        if (shape.Length == 1 && request.FileShape is [1, _])
            shape = [1, shape[0]];
        if (!shape.AsSpan().SequenceEqual(request.FileShape))
        {
            throw new CheckpointMismatchException(entry.File.Path, [name],
                $"{name} is {Shape(entry.Shape)}; the metadata ({request.Why}) need {Shape(request.FileShape)}. " +
                "The metadata and the weights do not belong together; convert the model again.");
        }

        if (entry.Type is not (GgmlType.F32 or GgmlType.F16 or GgmlType.BF16) && entry.Type.ToBlockType() is null)
        {
            throw new CheckpointMismatchException(entry.File.Path, [name],
                $"{name} is stored as {entry.Type}, which is not computed with; F32, F16, BF16, "
                    + $"{string.Join(", ", BlockFormats.All)} are.");
        }

        if (_read.Add(name))
            load.Done(entry.ByteLength);
        return entry;
    }

    private void Fill(Parameter parameter, ParameterRequest request, GgufEntry entry, float scale)
    {
        if (request.IsVector)
        {
            LoadVector(parameter, request.Place, entry);
        }
        else if (request.Place.Form is { } form)
        {
            LoadFormed(parameter, (request.Place, form), entry);
        }
        else
        {
            Parallel.For(0, (parameter.Rows + Block - 1) / Block,
                block => LoadRows(parameter, request.Place, entry, block * Block, scale));
        }
    }

    private void LoadVector(Parameter parameter, TensorPlace place, GgufEntry entry)
    {
        float[] file = new float[entry.ElementCount];
        ReadRow(entry, 0, file);
        float[] values = new float[parameter.Columns];
        for (int i = 0; i < values.Length; i++)
            values[i] = FromFile(place.Form, file[place.FileRow(i)], entry);
        parameter.WriteRow(0, values);
    }

    /// <summary>A small matrix whose values the file writes in another form.</summary>
    private void LoadFormed(Parameter parameter, (TensorPlace Place, ValueForm Form) from, GgufEntry entry)
    {
        float[] values = new float[parameter.Columns];
        for (int row = 0; row < parameter.Rows; row++)
        {
            ReadRow(entry, from.Place.FileRow(row), values);
            for (int i = 0; i < values.Length; i++)
                values[i] = FromFile(from.Form, values[i], entry);
            parameter.WriteRow(row, values);
        }
    }

    private static float FromFile(ValueForm? form, float value, GgufEntry entry)
    {
        try
        {
            return form?.FromFile(value) ?? value;
        }
        catch (ArgumentOutOfRangeException failure)
        {
            throw new CheckpointMismatchException(
                entry.File.Path, [entry.Name], $"{entry.Name} holds {value}; {failure.Message} Convert the model again.");
        }
    }

    /// <summary>Up to 32 rows from <paramref name="first"/> on: one panel.</summary>
    private void LoadRows(Parameter parameter, TensorPlace place, GgufEntry entry, int first, float scale)
    {
        int rows = Math.Min(Block, parameter.Rows - first);
        int columns = parameter.Columns;
        if (parameter.Data.Type != DataType.F32)
        {
            ushort[] patterns = ArrayPool<ushort>.Shared.Rent(checked(rows * columns));
            for (int row = 0; row < rows; row++)
            {
                new ReadOnlySpan<ushort>(RowOf(entry, place.FileRow(first + row)),
                    columns).CopyTo(patterns.AsSpan(row * columns, columns));
            }
            parameter.WriteRows(first, patterns.AsSpan(0, rows * columns));
            ArrayPool<ushort>.Shared.Return(patterns);
            return;
        }

        float[] buffer = ArrayPool<float>.Shared.Rent(checked(rows * columns));
        for (int row = 0; row < rows; row++)
        {
            Span<float> own = buffer.AsSpan(row * columns, columns);
            ReadRow(entry, place.FileRow(first + row), own);
            place.ColumnTiles?.Move(own.ToArray(), own, toFile: false);
        }

        for (int i = 0; scale != 1 && i < rows * columns; i++)
            buffer[i] *= scale;
        parameter.WriteRows(first, buffer.AsSpan(0, rows * columns));
        ArrayPool<float>.Shared.Return(buffer);
    }

    private byte* RowOf(GgufEntry entry, int row) => checkpoint.Pointer(entry) + row * entry.RowBytes;

    private void ReadRow(GgufEntry entry, int row, Span<float> values) => GgufRows.Read(entry.Type, RowOf(entry, row), values);

    private static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
