namespace Seriatim.Formats;

/// <summary>
/// Writes a GGUF file: first metadata and the tensor table, in the order given, then the data, tensor by tensor or interleaved,
/// in any order and in pieces. Every tensor is padded with zeros to the alignment, the last one too, as llama.cpp and gguf-py do.
/// The file appears under its name when <see cref="Complete"/> is called; disposing without it leaves nothing behind.
/// </summary>
public sealed class GgufWriter : IDisposable
{
    private readonly TensorSlots _slots;

    private GgufWriter(TensorSlots slots)
    {
        _slots = slots;
    }

    /// <summary>Starts a file.</summary>
    /// <param name="path">Where the complete file will appear; a file of that name is replaced.</param>
    /// <param name="metadata">
    /// Keys and values, of the types <see cref="GgufFile.Metadata"/> describes. <c>general.alignment</c> (a <see cref="uint"/>, a
    /// multiple of 8, at most 2^20) is obeyed; without it the alignment is 32 bytes.
    /// </param>
    /// <param name="tensors">Every tensor, in the order of the file.</param>
    /// <param name="version">Version of the format, 2 or 3.</param>
    /// <exception cref="ArgumentException">
    /// A key or name is empty, too long, used twice or not Unicode text; a value has a type the format does not know; a shape is
    /// negative, has more than 4 axes, over 2^60 values, or rows that are not whole blocks.
    /// </exception>
    /// <exception cref="IOException">The folder is missing or not writable, or the disk is full.</exception>
    public static GgufWriter Create(
        string path, IEnumerable<KeyValuePair<string, object>> metadata, IEnumerable<GgufTensorSpec> tensors, uint version = 3)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        ArgumentNullException.ThrowIfNull(tensors);
        if (version is not (2 or 3))
            throw new ArgumentOutOfRangeException(nameof(version), version, "versions 2 and 3 are written");
        var layout = new GgufLayout(metadata, tensors, version);
        var slots = new TensorSlots(path, layout.Header);
        try
        {
            foreach (var (name, begin, end) in layout.Tensors)
                slots.Add(name, begin, end);
            slots.SetLength(layout.FileLength);
            return new GgufWriter(slots);
        }
        catch
        {
            slots.Dispose();
            throw;
        }
    }

    /// <summary>Adds the next bytes of a tensor, as they shall stand in the file (little-endian).</summary>
    /// <exception cref="ArgumentException">The tensor was not announced, or gets more bytes than its shape has.</exception>
    /// <exception cref="ObjectDisposedException">The file is complete or was given up.</exception>
    public void Append(string name, ReadOnlySpan<byte> bytes) => _slots.Append(name, bytes);

    /// <summary>Flushes the file to the disk and puts it in its place.</summary>
    /// <exception cref="InvalidOperationException">A tensor did not get all its bytes; the message names it.</exception>
    /// <exception cref="IOException">The disk is full or the file cannot be replaced.</exception>
    public void Complete() => _slots.Complete();

    /// <summary>Closes the file; if it was not completed, nothing of it stays.</summary>
    public void Dispose() => _slots.Dispose();
}
