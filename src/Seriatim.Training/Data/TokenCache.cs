using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Seriatim.Training;

/// <summary>
/// Examples as token ids in a memory-mapped file: a header of 80 bytes (magic, key, counts), the end of every field as
/// I64, then the ids as I32, little-endian. Each example has a source and, if it is a pair, a target.
/// </summary>
/// <remarks>The file is written once and then only read; reading is safe from many threads.</remarks>
public sealed unsafe class TokenCache : IDisposable
{
    internal const int HeaderBytes = 80;
    internal const ulong Magic = 0x314B4F5449524553; // "SERITOK1"

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _start; // null once the file is closed
    private int _disposed;
    private readonly int _fields;

    private TokenCache(string path, MemoryMappedFile file, long length)
    {
        (Path, _file) = (path, file);
        _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        _start += _view.PointerOffset;
        ReadOnlySpan<long> header = MemoryMarshal.Cast<byte, long>(new ReadOnlySpan<byte>(_start, HeaderBytes));
        Key = Convert.ToHexStringLower(new ReadOnlySpan<byte>(_start + 8, 32));
        long count = header[5], fields = header[6], tokens = header[7];
        if ((ulong)header[0] != Magic || fields is not (1 or 2) || count is < 0 or > int.MaxValue || tokens < 0
            || length != HeaderBytes + checked(8 * fields * count + 4 * tokens))
            throw Damaged(path);
        (Count, _fields, TokenCount, Utf8Bytes, BadLines) = ((int)count, (int)fields, tokens, header[8], header[9]);
        long before = 0;
        for (long i = 0; i < count * fields; i++)
        {
            if (End(i) < before || End(i) > tokens)
                throw Damaged(path);
            before = End(i);
        }
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Hash of the data, the tokenizer and the way they were put together, in hexadecimal.</summary>
    public string Key { get; }

    /// <summary>Number of examples.</summary>
    public int Count { get; }

    /// <summary>Whether examples have a target.</summary>
    public bool HasTargets => _fields == 2;

    /// <summary>Number of ids in all.</summary>
    public long TokenCount { get; }

    /// <summary>Bytes of UTF-8 of what is predicted (the targets of pairs, else the texts): bits per byte need it.</summary>
    public long Utf8Bytes { get; }

    /// <summary>Lines of the data file that held no example.</summary>
    public long BadLines { get; }

    /// <summary>Ids of the source of an example; valid until <see cref="Dispose"/>.</summary>
    /// <param name="example">0 to <see cref="Count"/> - 1.</param>
    public ReadOnlySpan<int> Source(int example) => Field(example, 0);

    /// <summary>Ids of the target of an example; empty if there are none.</summary>
    /// <param name="example">0 to <see cref="Count"/> - 1.</param>
    public ReadOnlySpan<int> Target(int example) => HasTargets ? Field(example, 1) : [];

    /// <summary>Opens a cache.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="DataException">It is not a cache, or damaged.</exception>
    public static TokenCache Open(string path)
    {
        long length = new FileInfo(path).Length;
        if (length < HeaderBytes)
            throw Damaged(path);
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        try
        {
            return new TokenCache(path, file, length);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The key of a data file: SHA-256 of its bytes, its description, the tokenizer's file and the encoding options.
    /// </summary>
    /// <param name="file">The data.</param>
    /// <param name="tokenizer">The bytes of <c>tokenizer.json</c>, or whatever else defines the tokenizer.</param>
    /// <param name="encoding">How examples become ids.</param>
    public static byte[] KeyOf(DataFile file, ReadOnlySpan<byte> tokenizer, ExampleEncoding encoding)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using (FileStream stream = File.OpenRead(file.Path))
            hash.AppendData(SHA256.HashData(stream));
        hash.AppendData(SHA256.HashData(tokenizer));
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{file with { Path = "" }} {encoding}"));
        return hash.GetHashAndReset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _start = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    /// <summary>Ids of the longest source (field 0) or target (1); 0 where there is none.</summary>
    internal int LongestOf(int field)
    {
        long longest = 0;
        for (long example = 0; example < Count && field < _fields; example++)
        {
            long index = example * _fields + field;
            longest = Math.Max(longest, End(index) - (index == 0 ? 0 : End(index - 1)));
        }

        return checked((int)longest);
    }

    private static DataException Damaged(string path) => new($"{path} is not a whole token cache. Delete it; it is made again.");

    private long End(long field) => *(long*)(_start + HeaderBytes + 8 * field);

    private ReadOnlySpan<int> Field(int example, int field)
    {
        ObjectDisposedException.ThrowIf(_start == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)example, (uint)Count);
        long index = (long)example * _fields + field;
        long begin = index == 0 ? 0 : End(index - 1);
        return new ReadOnlySpan<int>(_start + HeaderBytes + 8L * Count * _fields + 4 * begin, checked((int)(End(index) - begin)));
    }
}
