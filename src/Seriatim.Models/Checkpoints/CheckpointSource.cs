namespace Seriatim.Models;

/// <summary>Parameters from a safetensors checkpoint. Records what was read.</summary>
public sealed class CheckpointSource : IWeightSource
{
    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly WeightStorage _storage;
    private readonly string? _leftOutPrefix;
    private readonly HashSet<string> _read = [];

    /// <summary>Reads from an open checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; stays open until the model is built.</param>
    /// <param name="storage">How matrices are kept.</param>
    /// <param name="names">The name table; decides whether the file leaves its prefix out.</param>
    public CheckpointSource(SafetensorsCheckpoint checkpoint, WeightStorage storage, NameTable names)
    {
        (_checkpoint, _storage) = (checkpoint, storage);
        if (names.OptionalPrefix is { } prefix
            && !checkpoint.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal)))
            _leftOutPrefix = prefix;
    }

    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        string name = FileName(request.Place.Name);
        if (!_checkpoint.TryGet(name, out SafetensorsEntry? entry))
        {
            throw new CheckpointMismatchException(_checkpoint.Folder, [name],
                $"{name} is missing; the config ({request.Why}) needs it as {Shape(request.FileShape)}. " +
                "Is this the config that belongs to the weights?");
        }

        RequireShape(request, entry);
        var parameter = request.NewParameter(StorageType(request, entry));
        try
        {
            ParameterLoader.Load(parameter, request, entry);
        }
        catch
        {
            parameter.Dispose();
            throw;
        }

        _read.Add(name);
        return parameter;
    }

    /// <inheritdoc/>
    public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        List<string> unread = [];
        foreach (SafetensorsEntry entry in _checkpoint.Entries)
        {
            if (!_read.Contains(entry.Name) && !names.IsWaived(entry.Name) && !names.IsWaived(_leftOutPrefix + entry.Name))
                unread.Add(entry.Name);
        }

        if (unread.Count > 0)
        {
            throw new CheckpointMismatchException(_checkpoint.Folder, unread,
                $"{unread.Count} tensors are in the file but not in the model the "
                    + $"config describes: {string.Join(", ", unread)}. A model that uses only a part of its "
                    + "weights is not loaded.");
        }
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
        request.IsMatrix && _storage == WeightStorage.AsStored && entry.Type is SafetensorsType.F16 or SafetensorsType.BF16
            ? entry.Type.ToDataType()!.Value
            : DataType.F32;

    private static void RequireShape(ParameterRequest request, SafetensorsEntry entry)
    {
        long[] needed = request.FileShape;
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
                $"{entry.Name} holds {entry.Type.Name()}; a floating point type is needed. Convert the checkpoint first.");
        }
    }

    private static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
