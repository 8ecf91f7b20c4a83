namespace Seriatim.Models;

/// <summary>
/// Parameters from the checkpoint of another model as far as names and shapes are the same, the rest from another source: a
/// warm start.
/// Of a table with more rows than the checkpoint's the first ones come from there.
/// </summary>
public sealed class PartialCheckpointSource : IWeightSource
{
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly IWeightSource _rest;
    private readonly HashSet<SafetensorsEntry> _used = [];
    private readonly List<string> _taken = [], _partial = [], _new = [];

    /// <summary>Reads from an open checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint; stays open until the model is built.</param>
    /// <param name="nameOf">What a tensor of it is called in the new model's checkpoints.</param>
    /// <param name="rest">Where the other parameters come from.</param>
    public PartialCheckpointSource(SafetensorsCheckpoint checkpoint, Func<string, string> nameOf, IWeightSource rest)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(nameOf);
        _entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        foreach (SafetensorsEntry entry in checkpoint.Entries)
            _entries.TryAdd(nameOf(entry.Name), entry);
        _rest = rest;
    }

    /// <summary>Tensors that were taken, whole or the first rows, by their names in the new model.</summary>
    public IReadOnlyList<string> Taken => _taken;

    /// <summary>Those of <see cref="Taken"/> that the checkpoint has fewer rows of.</summary>
    public IReadOnlyList<string> Partial => _partial;

    /// <summary>Tensors that the checkpoint does not have, or in another shape.</summary>
    public IReadOnlyList<string> New => _new;

    /// <summary>Tensors of the checkpoint that nothing was made of.</summary>
    public IReadOnlyList<string> Unused =>
        [.. _entries.Values.Where(entry => !_used.Contains(entry)).Select(entry => entry.Name)];

    /// <inheritdoc/>
    public Parameter Make(ParameterRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Parameter parameter = _rest.Make(request);
        string name = request.Place.Name;
        long[] shape = request.FileShape;
        if (!_entries.TryGetValue(name, out SafetensorsEntry? entry) || entry.Type.IsInteger())
        {
            Note(_new, name);
        }
        else if (entry.Shape.AsSpan().SequenceEqual(shape))
        {
            ParameterLoader.Load(parameter, request, entry);
            Take(name, entry);
        }
        else if (IsFirstRows(request, entry, shape))
        {
            for (int row = 0; row < entry.Shape[0]; row++)
                parameter.WriteRow(row, Row(entry, row, request.Columns));
            Take(name, entry);
            Note(_partial, name);
        }
        else
        {
            Note(_new, name);
        }

        return parameter;
    }

    /// <inheritdoc/>
    public QuantizedMatrix? MakeQuantized(ParameterRequest request) => null;

    /// <inheritdoc/>
    public void Complete(NameTable names)
    {
        // What is left over is no fault: the models differ.
    }

    private static bool IsFirstRows(ParameterRequest request, SafetensorsEntry entry, long[] shape) =>
        request.IsMatrix && request.Place is { Rows: null, Transposed: false, TurnedHead: 0, Form: null } && shape.Length == 2
        && entry.Shape.Length == 2 && entry.Shape[1] == shape[1] && entry.Shape[0] < shape[0];

    private static float[] Row(SafetensorsEntry entry, int row, int columns)
    {
        float[] values = new float[columns];
        entry.File.ReadF32(entry, (long)row * columns, values);
        return values;
    }

    private void Take(string name, SafetensorsEntry entry)
    {
        _used.Add(entry);
        Note(_taken, name);
    }

    /// <summary>Several parameters may lie in one tensor.</summary>
    private static void Note(List<string> names, string name)
    {
        if (!names.Contains(name))
            names.Add(name);
    }
}
