namespace Seriatim.Models;

/// <summary>The tensors of a checkpoint, for those who put a matrix together of several: found by name, checked, read.</summary>
internal sealed class CodedTensors(SafetensorsCheckpoint checkpoint)
{
    /// <summary>The checkpoint, for errors.</summary>
    public string Folder => checkpoint.Folder;

    /// <summary>The tensor of a name, or null.</summary>
    public SafetensorsEntry? Find(string name) => checkpoint.TryGet(name, out SafetensorsEntry? entry) ? entry : null;

    /// <summary>The tensor of a name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="of">The tensor that cannot be read without it.</param>
    public SafetensorsEntry Need(string name, SafetensorsEntry of) => Find(name) ?? throw new CheckpointMismatchException(
        Folder, [name], $"{of.Name} is {Shape(of.Shape)} of {of.Type.Name()}, and {name}, without which it says nothing, "
            + "is missing. Download the checkpoint again.");

    /// <summary>Refuses a tensor of another type.</summary>
    public static SafetensorsEntry RequireType(SafetensorsEntry entry, params ReadOnlySpan<SafetensorsType> types)
    {
        foreach (SafetensorsType type in types)
        {
            if (entry.Type == type)
                return entry;
        }

        string needed = string.Join(" or ", types.ToArray().Select(type => type.Name()));
        throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
            $"{entry.Name} holds {entry.Type.Name()}; {needed} is needed. The config names another way of "
                + "storing weights than the file has.");
    }

    /// <summary>Refuses a tensor of another shape.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="why">Where the shape comes from.</param>
    /// <param name="shape">What it must be.</param>
    public static SafetensorsEntry RequireShape(SafetensorsEntry entry, string why, params ReadOnlySpan<long> shape) =>
        entry.Shape.AsSpan().SequenceEqual(shape) ? entry : throw new CheckpointMismatchException(entry.File.Path, [entry.Name],
            $"{entry.Name} is {Shape(entry.Shape)}; {why} needs {Shape(shape.ToArray())}. "
                + "The tensors do not belong together; download the checkpoint again.");

    /// <summary>A tensor as F32.</summary>
    public static float[] ReadFloats(SafetensorsEntry entry) =>
        RequireType(entry, SafetensorsType.F32, SafetensorsType.F16, SafetensorsType.BF16,
            SafetensorsType.F8E4M3).File.ReadF32(entry);

    /// <summary>The words of a tensor.</summary>
    public static unsafe ReadOnlySpan<uint> Words(SafetensorsEntry entry) =>
        new(Aligned(entry).File.Pointer(entry), checked((int)entry.ElementCount));

    /// <summary>The bytes of a tensor.</summary>
    public static ReadOnlySpan<byte> Bytes(SafetensorsEntry entry) => entry.File.Bytes(entry);

    /// <summary>A shape as messages write it.</summary>
    public static string Shape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";

    private static SafetensorsEntry Aligned(SafetensorsEntry entry) => entry.IsAligned
        ? entry : throw new CheckpointMismatchException(
        entry.File.Path, [entry.Name],
            $"{entry.Name} begins at byte {entry.Offset}, no multiple of {entry.Type.Size()}; write the file again.");
}
