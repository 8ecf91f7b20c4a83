using System.Runtime.InteropServices;
using Seriatim.Tensors;

namespace Seriatim.Formats;

/// <summary>
/// Writes a safetensors file: first all names, types and shapes, then the data, tensor by tensor or interleaved, in any order
/// and in pieces. The same tensors give the same bytes whatever the order of calls: tensors are laid out as the reference
/// library does (wider types first, then by the UTF-8 bytes of the name), the header is padded with blanks to 8 bytes.
/// The file appears under its name when <see cref="Complete"/> is called; disposing without it leaves nothing behind.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly TensorSlots _slots;
    private readonly Dictionary<string, SafetensorsType> _types;

    private SafetensorsWriter(TensorSlots slots, Dictionary<string, SafetensorsType> types)
    {
        _slots = slots;
        _types = types;
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
        var slots = new TensorSlots(path, layout.Header);
        var types = new Dictionary<string, SafetensorsType>(layout.Tensors.Count, StringComparer.Ordinal);
        foreach (var (tensor, begin, end) in layout.Tensors)
        {
            slots.Add(tensor.Name, layout.Header.Length + begin, layout.Header.Length + end);
            types.Add(tensor.Name, tensor.Type);
        }
        return new SafetensorsWriter(slots, types);
    }

    /// <summary>Adds the next bytes of a tensor, as they shall stand in the file (little-endian).</summary>
    /// <exception cref="ArgumentException">The tensor was not announced, or gets more bytes than its shape has.</exception>
    /// <exception cref="ObjectDisposedException">The file is complete or was given up.</exception>
    public void Append(string name, ReadOnlySpan<byte> bytes) => _slots.Append(name, bytes);

    /// <summary>
    /// Adds the next elements of an F32, F16 or BF16 tensor; the 16-bit types are rounded to nearest, ties to even.
    /// </summary>
    /// <exception cref="ArgumentException">As for <see cref="Append"/>, or the tensor has another type.</exception>
    public void AppendF32(string name, ReadOnlySpan<float> values)
    {
        if (!_types.TryGetValue(name, out var type))
            throw TensorSlots.NotAnnounced(name);
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
                rounded[i] = type == SafetensorsType.F16 ? SixteenBits.ToHalf(values[i]) : SixteenBits.ToBFloat16(values[i]);
            Append(name, MemoryMarshal.AsBytes(rounded[..count]));
            values = values[count..];
        }
    }

    /// <summary>Flushes the file to the disk and puts it in its place.</summary>
    /// <exception cref="InvalidOperationException">A tensor did not get all its bytes; the message names it.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be replaced.</exception>
    public void Complete() => _slots.Complete();

    /// <summary>Closes the file; if it was not completed, nothing of it stays.</summary>
    public void Dispose() => _slots.Dispose();
}
