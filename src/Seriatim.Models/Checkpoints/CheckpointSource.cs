namespace Seriatim.Models;

/// <summary>Parameters from a safetensors checkpoint. Records what was read.</summary>
public sealed class CheckpointSource : IWeightSource
{
    private static readonly HashSet<string> Parts = ["qweight", "weight_packed", "blocks"];
    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly WeightStorage _storage;
    private readonly string? _leftOutPrefix;
    private readonly HashSet<string> _read = [];
    private readonly WeightCoding? _coding;
    private readonly LoadWork _load;
    private readonly Dictionary<string, CodedMatrix?> _coded = [];
    private readonly Dictionary<string, TensorUse> _uses = [];
    private readonly List<SkippedTensor> _skipped = [];

    /// <summary>Reads from an open checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; stays open until the model is built.</param>
    /// <param name="storage">How matrices are kept.</param>
    /// <param name="names">The name table; decides whether the file leaves its prefix out.</param>
    public CheckpointSource(SafetensorsCheckpoint checkpoint, WeightStorage storage, NameTable names)
        : this(checkpoint, storage, names, coding: null)
    {
    }

    /// <summary>Reads from an open checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; stays open until the model is built.</param>
    /// <param name="storage">How matrices are kept.</param>
    /// <param name="names">The name table; decides whether the file leaves its prefix out.</param>
    /// <param name="coding">How the file stores matrices in other tensors than themselves; null: it does not.</param>
    /// <param name="load">Where packed matrices are kept, and who is told how far loading is; null: nowhere, nobody.</param>
    internal CheckpointSource(
        SafetensorsCheckpoint checkpoint, WeightStorage storage, NameTable names, WeightCoding? coding, LoadWork? load = null)
    {
        (_checkpoint, _storage, _coding, _load) = (checkpoint, storage, coding, load ?? LoadWork.None);
        if (names.OptionalPrefix is { } prefix
            && !checkpoint.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
            _leftOutPrefix = prefix;
    }

    /// <inheritdoc/>
    public IReadOnlyList<TensorUse> Uses => [.. _uses.Values];

    /// <inheritdoc/>
    public IReadOnlyList<SkippedTensor> Skipped => _skipped;

    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        string name = FileName(request.Place.Name);
        if (Coded(name, request) is { } coded)
            return Opened(request, coded);
        if (request.Place.Pieces > 0)
            return Joined(request);
        if (!_checkpoint.TryGet(name, out SafetensorsEntry? entry))
            return request.Place.IsOptional ? request.NewParameter() : throw Missing(name, request);
        RequireShape(request, entry, request.FileShape);
        Parameter parameter = _load.Make(
            request, StorageType(request, entry), made => ParameterLoader.Load(made, request, entry));
        if (_read.Add(name))
            _load.Done(entry.ByteLength);
        if (request.IsMatrix)
        {
            DataType used = parameter.Data.Type;
            _uses.TryAdd(name, new TensorUse(name, entry.Type.Name(), $"{used}", entry.Type.ToDataType() != used));
        }

        return parameter;
    }

    /// <inheritdoc/>
    public QuantizedMatrix? MakeQuantized(ParameterRequest request)
    {
        if (_storage == WeightStorage.F32 || !request.IsMatrix)
            return null;
        string name = FileName(request.Place.Name);
        if (Coded(name, request) is not { } coded)
            return _storage == WeightStorage.Q8 && BytesAtLoad.Takes(request) ? MakeBytes(name, request) : null;
        if (coded.Blocks is not { } type)
            return null;
        QuantizedPlacement placement = request.Layout == ParameterLayout.Panels
            ? QuantizedPlacement.Packed
            : QuantizedPlacement.Rows;
        TensorPlace place = request.Place;
        Use(coded, $"{type} blocks", opened: false);
        return _load.MakeQuantized(request, type, placement, coded.Scale, () => QuantizedMatrix.Create(
            request.Name, type, request.Rows, request.Columns, placement,
            (int row, Span<byte> blocks) => coded.WriteBlocks(place.FileRow(row), blocks), coded.Scale));
    }

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        List<string> unread = [];
        foreach (SafetensorsEntry entry in _checkpoint.Entries)
        {
            if (_read.Contains(entry.Name))
                continue;
            string? reason = names.ReasonFor(entry.Name) ?? names.ReasonFor(_leftOutPrefix + entry.Name)
                ?? (_coding is { } coding ? NameTable.ReasonFor(coding.Waived, entry.Name) : null);
            if (reason == NameTable.TiedCopy)
                RequireCopy(entry, names);
            if (reason is null)
                unread.Add(entry.Name);
            else
                _skipped.Add(new SkippedTensor(entry.Name, reason));
        }

        if (unread.Count > 0)
        {
            throw new CheckpointMismatchException(_checkpoint.Folder, unread,
                $"{unread.Count} tensors are in the file but not in the model the "
                    + $"config describes: {string.Join(", ", unread)}. A model that uses only a part of its "
                    + "weights is not loaded.");
        }
    }

    private QuantizedMatrix? MakeBytes(string name, ParameterRequest request)
    {
        if (!_checkpoint.TryGet(name, out SafetensorsEntry? entry))
            return null; // said where it is made
        RequireShape(request, entry, request.FileShape);
        if (_read.Add(name))
            _load.Done(entry.ByteLength);
        _uses.TryAdd(name, new TensorUse(name, entry.Type.Name(), BytesAtLoad.InWords, false));
        return _load.MakeQuantized(request, BytesAtLoad.Type, QuantizedPlacement.Packed, 1,
            () => BytesAtLoad.Make(request, made => ParameterLoader.Load(made, request, entry)));
    }

    /// <summary>The matrix of a name if the file has it in other tensors; null: it has not.</summary>
    private CodedMatrix? Coded(string name, ParameterRequest request)
    {
        if (_coding is not { } coding || request.IsVector)
            return null;
        if (!_coded.TryGetValue(name, out CodedMatrix? coded))
            _coded[name] = coded = coding.Find(new CodedTensors(_checkpoint), name);
        if (coded is null)
            return null;
        int rows = request.Place.Rows?.Total ?? request.Rows;
        if (coded.Rows != rows || coded.Columns != request.Columns)
        {
            throw new CheckpointMismatchException(_checkpoint.Folder, [.. coded.Tensors],
                $"{string.Join(", ", coded.Tensors)} make a matrix of [{coded.Rows}, {coded.Columns}] ({coded.InWords}); the "
                    + $"config ({request.Why}) needs [{rows}, {request.Columns}]. Is this the config that "
                    + "belongs to the weights?");
        }

        return coded;
    }

    /// <summary>A vector that lies in several tensors, one after another.</summary>
    private Parameter Joined(ParameterRequest request)
    {
        float[] values = new float[request.Columns];
        int length = values.Length / request.Place.Pieces;
        for (int piece = 0; piece < request.Place.Pieces; piece++)
        {
            string name = FileName(request.Place.PieceName(piece));
            if (!_checkpoint.TryGet(name, out SafetensorsEntry? entry))
                throw Missing(name, request);
            RequireShape(request, entry, [length]);
            entry.File.ReadF32(entry, values.AsSpan(piece * length, length));
            if (_read.Add(name))
                _load.Done(entry.ByteLength);
        }

        Parameter parameter = request.NewParameter();
        parameter.WriteRow(0, values);
        return parameter;
    }

    /// <summary>Refuses a file whose head is not the embedding although the model's is.</summary>
    private void RequireCopy(SafetensorsEntry copy, NameTable names)
    {
        if (names.PlaceOf("embed") is not { } place
            || !_checkpoint.TryGet(FileName($"{place.Name}.weight"), out SafetensorsEntry? embedding)
            || embedding == copy || IsSame(copy, embedding))
        {
            return;
        }

        throw new CheckpointMismatchException(_checkpoint.Folder, [copy.Name, embedding.Name],
            $"{copy} is not what {embedding} is, although the head is tied to the embedding: tie_word_embeddings is true in the "
                + "config, or missing, which means true for this class. Set it to false if the head is one of its own, or "
                + $"remove {copy.Name}.");
    }

    private static bool IsSame(SafetensorsEntry one, SafetensorsEntry other)
    {
        if (!one.Shape.AsSpan().SequenceEqual(other.Shape.AsSpan()))
            return false;
        const int Block = 1 << 16;
        float[] a = new float[Block], b = new float[Block];
        for (long first = 0; first < one.ElementCount; first += Block)
        {
            int count = (int)Math.Min(Block, one.ElementCount - first);
            one.File.ReadF32(one, first, a.AsSpan(0, count));
            other.File.ReadF32(other, first, b.AsSpan(0, count));
            if (!a.AsSpan(0, count).SequenceEqual(b.AsSpan(0, count)))
                return false;
        }

        return true;
    }

    private Parameter Opened(ParameterRequest request, CodedMatrix coded)
    {
        DataType type = request.IsMatrix && _storage != WeightStorage.F32 ? coded.Type : DataType.F32;
        Use(coded, $"{type}", opened: true);
        TensorPlace place = request.Place;
        return _load.Make(request, type, parameter =>
            Parallel.For(0, (request.Rows + Parameter.PanelRows - 1) / Parameter.PanelRows, block =>
            {
                int first = block * Parameter.PanelRows, rows = Math.Min(Parameter.PanelRows, request.Rows - first);
                float[] values = System.Buffers.ArrayPool<float>.Shared.Rent(checked(rows * request.Columns));
                for (int row = 0; row < rows; row++)
                    coded.ReadRow(place.FileRow(first + row), values.AsSpan(row * request.Columns, request.Columns));
                parameter.WriteRows(first, values.AsSpan(0, rows * request.Columns));
                System.Buffers.ArrayPool<float>.Shared.Return(values);
            }));
    }

    private void Use(CodedMatrix coded, string used, bool opened)
    {
        foreach (string tensor in coded.Tensors)
        {
            if (_read.Add(tensor) && _checkpoint.TryGet(tensor, out SafetensorsEntry? part))
                _load.Done(part.ByteLength);
        }

        _uses.TryAdd(coded.Name, new TensorUse(coded.Name, coded.InWords, used, opened));
    }

    private CheckpointMismatchException Missing(string name, ParameterRequest request)
    {
        string stem = name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^"weight".Length] : $"{name}_";
        string hint = _checkpoint.Entries.FirstOrDefault(e => e.Name.StartsWith(stem, StringComparison.Ordinal)
            && Parts.Contains(e.Name[stem.Length..])) is { } part
            ? $"The file has {part.Name}, and the config no quantization_config that says how to read it; "
                + "add the one its maker wrote."
            : request is { Path: "head", Ending: ".weight" }
                ? "A head that is tied to the embedding has no tensor: if this one is, the config must say so "
                    + "(tie_word_embeddings: true)."
                : "Is this the config that belongs to the weights?";
        return new CheckpointMismatchException(_checkpoint.Folder, [name],
            $"{name} is missing; the config ({request.Why}) needs it as {Shape(request.FileShape)}. {hint}");
    }

    /// <summary>The name in this file: without the prefix it leaves out, and as early files of BERT call the norms.</summary>
    private string FileName(string name)
    {
        if (_leftOutPrefix is { } prefix && name.StartsWith(prefix, StringComparison.Ordinal))
            name = name[prefix.Length..];
        string early = name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
            .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
        return !_checkpoint.TryGet(name, out _) && _checkpoint.TryGet(early, out _) ? early : name;
    }

    private DataType StorageType(ParameterRequest request, SafetensorsEntry entry) =>
        request.IsMatrix && _storage != WeightStorage.F32 && entry.Type is SafetensorsType.F16 or SafetensorsType.BF16
            ? entry.Type.ToDataType()!.Value
            : DataType.F32;

    private static void RequireShape(ParameterRequest request, SafetensorsEntry entry, long[] needed)
    {
        bool same = entry.Shape.AsSpan().SequenceEqual(needed);

        // A vector may have a leading 1, as final_logits_bias of BART has.
        bool sameVector = request.IsVector && entry.Shape.Length == 2 && entry.Shape[0] == 1 && entry.Shape[1] == needed[0];
        if (!same && !sameVector)
        {
            throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
                $"{entry.Name} is {Shape(entry.Shape)}; the config ({request.Why}) needs {Shape(needed)}. " +
                "Is this the config that belongs to the weights?");
        }

        if (entry.Type.IsInteger())
        {
            throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
                $"{entry.Name} holds {entry.Type.Name()}; a floating point type is needed. Convert the checkpoint, or add "
                    + "the quantization_config that its maker wrote to the config.");
        }
    }

    private static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
