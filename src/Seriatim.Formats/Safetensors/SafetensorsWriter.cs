using System.Runtime.InteropServices;

namespace Seriatim.Formats;

/// <summary>
/// Writes a safetensors file: first all names, types and shapes, then the data, tensor by tensor or interleaved, in any order
/// and in pieces. The same tensors give the same bytes whatever the order of calls: tensors are laid out as the reference
/// library does (wider types first, then by the UTF-8 bytes of the name), the header is padded with blanks to 8 bytes.
/// The file appears under its name when <see cref="Complete"/> is called; disposing without it leaves nothing behind.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly AtomicFile _file;
    private readonly Dictionary<string, Slot> _slots;

    private SafetensorsWriter(AtomicFile file, Dictionary<string, Slot> slots)
    {
        _file = file;
        _slots = slots;
    }

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where the complete file will appear; a file of that name is replaced.</param>
    /// <param name="tensors">Every tensor of the file, in any order.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>, written in the order given; null for none.</param>
    /// <exception cref="ArgumentException">
    /// A name is used twice, is <c>__metadata__</c>, or is not Unicode text; a shape is negative, has more than 64 axes or needs
    /// more than 2^63 bytes; the header would exceed 100 MB.
    /// </exception>
    /// <exception cref="IOException">The folder is missing or not writable, or the disk is full.</exception>
    public static SafetensorsWriter Create(
        string path, IEnumerable<SafetensorsTensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var layout = new SafetensorsLayout(tensors, metadata);
        var file = new AtomicFile(path);
        try
        {
            file.Write(layout.Header, 0);
            var slots = new Dictionary<string, Slot>(layout.Tensors.Count, StringComparer.Ordinal);
            foreach (var (tensor, begin, end) in layout.Tensors)
                slots.Add(tensor.Name, new Slot(tensor, layout.Header.Length + begin, layout.Header.Length + end));
            return new SafetensorsWriter(file, slots);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Adds the next bytes of a tensor, as they shall stand in the file (little-endian).</summary>
    /// <exception cref="ArgumentException">The tensor was not announced, or gets more bytes than its shape has.</exception>
    /// <exception cref="ObjectDisposedException">The file is complete or was given up.</exception>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        var slot = Find(name);
        if (bytes.Length > slot.End - slot.Next)
        {
            throw new ArgumentException(
                $"tensor '{name}' has {slot.End - slot.Next} bytes left to be written, but {bytes.Length} were given", nameof(bytes));
        }
        _file.Write(bytes, slot.Next);
        slot.Next += bytes.Length;
    }

    /// <summary>
    /// Adds the next elements of an F32, F16 or BF16 tensor; the 16-bit types are rounded to nearest, ties to even.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="Append"/>, or the tensor has another type.</exception>
    public void AppendF32(string name, ReadOnlySpan<float> values)
    {
        var type = Find(name).Tensor.Type;
        if (type == SafetensorsType.F32)
        {
            while (values.Length > 0)
            {
                var piece = values[..Math.Min(values.Length, 1 << 24)];
                Append(name, MemoryMarshal.AsBytes(piece));
                values = values[piece.Length..];
            }
            return;
        }
        if (type is not (SafetensorsType.F16 or SafetensorsType.BF16))
            throw new ArgumentException($"tensor '{name}' has type {type.Name()}; floats go to F32, F16 or BF16", nameof(name));
        Span<ushort> rounded = stackalloc ushort[4096];
        while (values.Length > 0)
        {
            var count = Math.Min(values.Length, rounded.Length);
            for (var i = 0; i < count; i++)
                rounded[i] = type == SafetensorsType.F16 ? BitConverter.HalfToUInt16Bits((Half)values[i]) : RoundToBF16(values[i]);
            Append(name, MemoryMarshal.AsBytes(rounded[..count]));
            values = values[count..];
        }
    }

    /// <summary>Flushes the file to the disk and puts it in its place.</summary>
    /// <exception cref="InvalidOperationException">A tensor did not get all its bytes; the message names it.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be replaced.</exception>
    public void Complete()
    {
        foreach (var (name, slot) in _slots)
        {
            if (slot.Next != slot.End)
                throw new InvalidOperationException($"tensor '{name}' lacks {slot.End - slot.Next} bytes of its data");
        }
        _file.Commit();
    }

    /// <summary>Closes the file; if it was not completed, nothing of it stays.</summary>
    public void Dispose() => _file.Dispose();

    private Slot Find(string name) => _slots.TryGetValue(name, out var slot)
        ? slot
        : throw new ArgumentException($"tensor '{name}' was not announced when the file was created", nameof(name));

    private static ushort RoundToBF16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // Rounding up could turn a NaN into infinity: keep its upper half and make it quiet.
        return float.IsNaN(value)
            ? (ushort)((bits >> 16) | 0x40)
            : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private sealed class Slot(SafetensorsTensorSpec tensor, long next, long end)
    {
        public SafetensorsTensorSpec Tensor { get; } = tensor;

        public long Next { get; set; } = next;

        public long End { get; } = end;
    }
}
