using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Models;

/// <summary>
/// The file of a <see cref="PackCache"/>: 8 letters, the length of the header, its SHA-256, the header as JSON, and matrices at
/// multiples of 4096 bytes. Mapped privately: whoever writes into a matrix writes into a copy of its own.
/// </summary>
internal sealed unsafe class PackCacheFile : IDisposable
{
    public const int Alignment = 4096;
    private const int Prelude = 8 + sizeof(long) + SHA256.HashSizeInBytes;
    private const int SampleBytes = 64, SampleStep = 1 << 20;
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    private PackCacheFile(MemoryMappedFile map, MemoryMappedViewAccessor view)
    {
        (_map, _view) = (map, view);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + view.PointerOffset;
    }

    /// <summary>The matrices, by their paths.</summary>
    public Dictionary<string, PackCacheEntry> Entries { get; } = new(StringComparer.Ordinal);

    private static ReadOnlySpan<byte> Magic => "SERIPACK"u8;

    /// <summary>
    /// Opens a file that was written for a key; null if there is none, or it is another one, damaged or cut off.
    /// </summary>
    public static PackCacheFile? Open(string path, string key)
    {
        if (!File.Exists(path))
            return null;
        PackCacheFile? file = null;
        try
        {
            long length = new FileInfo(path).Length;
            if (length < Prelude)
                return null;
            MemoryMappedFile map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
            file = new PackCacheFile(map, map.CreateViewAccessor(0, length, MemoryMappedFileAccess.CopyOnWrite));
            if (file.Read(key, length))
                return file;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            // As if it were not there: it is made anew.
        }

        file?.Dispose();
        return null;
    }

    /// <summary>Writes a file; it appears under its name when it is complete and on the disk.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="key">What it belongs to.</param>
    /// <param name="matrices">Of each: what it is, and how its bytes are written.</param>
    public static void Write(string path, string key, IReadOnlyList<(PackCacheEntry Entry, Action<Stream> Write)> matrices)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1 << 20))
            {
                // Matrices first, with room for the header before them: its hashes are known afterwards.
                List<PackCacheEntry> entries = [.. matrices.Select(m => m.Entry with { Samples = new string('0', 64) })];
                long at = Aligned(Prelude + Header(key, entries).Length + 64L * matrices.Count);
                for (int i = 0; i < matrices.Count; i++)
                {
                    stream.Position = at;
                    matrices[i].Write(stream);
                    if (stream.Position != at + entries[i].Length)
                    {
                        throw new InvalidOperationException(
                            $"{entries[i].Path} wrote {stream.Position - at} bytes of {entries[i].Length}.");
                    }
                    entries[i] = entries[i] with { Offset = at, Samples = Sampled(stream, at, entries[i].Length) };
                    at = Aligned(at + entries[i].Length);
                }

                stream.SetLength(at);
                byte[] header = Header(key, entries);
                stream.Position = 0;
                stream.Write(Magic);
                byte[] length = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
                stream.Write(length);
                stream.Write(SHA256.HashData(header));
                stream.Write(header);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Where a matrix lies.</summary>
    public nint AddressOf(PackCacheEntry entry) => (nint)(_start + entry.Offset);

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private bool Read(string key, long length)
    {
        var prelude = new ReadOnlySpan<byte>(_start, Prelude);
        long headerLength = BinaryPrimitives.ReadInt64LittleEndian(prelude[8..]);
        if (!prelude.StartsWith(Magic) || headerLength < 0 || headerLength > Math.Min(int.MaxValue, length - Prelude))
            return false;
        var header = new ReadOnlySpan<byte>(_start + Prelude, (int)headerLength);
        if (!SHA256.HashData(header).AsSpan().SequenceEqual(prelude[16..])
            || JsonSerializer.Deserialize(header, PackCacheJson.Default.PackCacheHeader) is not { } read || read.Key != key)
            return false;
        foreach (PackCacheEntry entry in read.Entries)
        {
            if (entry.Offset % Alignment != 0 || entry.Length < 0 || entry.Offset > length - entry.Length
                || Sampled(entry) != entry.Samples)
                return false;
            Entries.Add(entry.Path, entry);
        }

        return true;
    }

    private static long Aligned(long at) => (at + Alignment - 1) / Alignment * Alignment;

    private static byte[] Header(string key, IReadOnlyList<PackCacheEntry> entries) =>
        JsonSerializer.SerializeToUtf8Bytes(new PackCacheHeader(key, entries), PackCacheJson.Default.PackCacheHeader);

    /// <summary>Some bytes of each megabyte, and the last ones: all of a large file would take seconds.</summary>
    private string Sampled(PackCacheEntry entry)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((long at, int count) in Samples(entry.Length))
            hash.AppendData(new ReadOnlySpan<byte>(_start + entry.Offset + at, count));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Sampled(FileStream stream, long offset, long length)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] bytes = new byte[SampleBytes];
        foreach ((long at, int count) in Samples(length))
        {
            stream.Position = offset + at;
            stream.ReadExactly(bytes.AsSpan(0, count));
            hash.AppendData(bytes.AsSpan(0, count));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static IEnumerable<(long At, int Count)> Samples(long length)
    {
        for (long at = 0; at < length; at += SampleStep)
            yield return (at, (int)Math.Min(SampleBytes, length - at));
        if (length > SampleBytes)
            yield return (length - SampleBytes, SampleBytes);
    }
}

/// <summary>The header of a <see cref="PackCacheFile"/>.</summary>
/// <param name="Key">What it belongs to.</param>
/// <param name="Entries">Its matrices.</param>
internal sealed record PackCacheHeader(string Key, IReadOnlyList<PackCacheEntry> Entries);

/// <summary>How a header is written.</summary>
[JsonSerializable(typeof(PackCacheHeader))]
internal sealed partial class PackCacheJson : JsonSerializerContext;
