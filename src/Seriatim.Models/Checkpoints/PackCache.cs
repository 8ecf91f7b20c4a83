using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Seriatim.Models;

/// <summary>
/// Packed matrices of one checkpoint on the disk. The key is a hash of the checkpoint's files (names, sizes, times, headers,
/// samples), of how they were loaded, and of the order that products read: whatever of it changes makes another file.
/// </summary>
internal sealed class PackCache : IDisposable
{
    /// <summary>Changed with every change of a packed order.</summary>
    private const int LayoutVersion = 1;

    private const int HeaderBytes = 1 << 20, SampleBytes = 256, SamplesOfAFile = 64;
    private readonly string _folder, _key;
    private readonly PackCacheFile? _file;
    private readonly List<(PackCacheEntry Entry, Action<Stream> Write)> _made = [];
    private readonly List<PackCacheEntry> _taken = [];

    private PackCache(string folder, string key)
    {
        (_folder, _key) = (folder, key);
        _file = PackCacheFile.Open(Path, key);
    }

    /// <summary>The file.</summary>
    public string Path => System.IO.Path.Combine(_folder, $"{_key}.pack");

    /// <summary>The cache that options ask for; null: none.</summary>
    /// <param name="options">How the model is loaded.</param>
    /// <param name="files">The files of the checkpoint, its config among them.</param>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public static PackCache? Open(ModelLoadOptions options, IEnumerable<string> files)
    {
        if (options.PackCache is not { } folder || options.Device != Device.Cpu)
            return null;
        Directory.CreateDirectory(folder);
        return new PackCache(folder, KeyOf(options, files));
    }

    /// <summary>The matrix of a request, or null.</summary>
    public Parameter? Take(ParameterRequest request, DataType type) => Find(request, KindOf(request, type), 1) is { } found
        ? Parameter.Over(request.Name, request.Rows, request.Columns, request.Layout, type, _file!.AddressOf(found))
        : null;

    /// <summary>The matrix in blocks of a request, or null.</summary>
    public QuantizedMatrix? Take(ParameterRequest request, BlockType type, QuantizedPlacement placement, float scale) =>
        Find(request, KindOf(request, type, placement), scale) is { } found
            ? QuantizedMatrix.Over(
                request.Name, type, request.Rows, request.Columns, placement, _file!.AddressOf(found), scale)
            : null;

    /// <summary>Keeps a matrix that was made.</summary>
    public void Add(ParameterRequest request, Parameter made) => _made.Add((
        new PackCacheEntry(PathOf(request), KindOf(request, made.Data.Type), 1, 0, made.Data.Bytes, ""), made.WriteStored));

    /// <summary>Keeps a matrix in blocks that was made.</summary>
    public void Add(ParameterRequest request, QuantizedMatrix made) => _made.Add((
        new PackCacheEntry(PathOf(request), KindOf(request, made.Type, made.Placement), made.Scale, 0, made.StoredLength, ""),
        made.WriteStored));

    /// <summary>Writes what was made, if anything was. The matrices must still be there.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public void Complete()
    {
        if (_made.Count == 0)
            return;
        List<(PackCacheEntry,
            Action<Stream>)> all = [.. _taken.Select(entry => (entry, (Action<Stream>)(to => Copy(entry, to)))), .. _made];
        try
        {
            PackCacheFile.Write(Path, _key, all);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{_folder}: the packed weights cannot be kept there: {failure.Message} Choose another "
                + "folder, or none.", failure);
        }
    }

    public void Dispose() => _file?.Dispose();

    private PackCacheEntry? Find(ParameterRequest request, string kind, float scale)
    {
        if (_file is null || !_file.Entries.TryGetValue(PathOf(request), out PackCacheEntry? found)
            || found.Kind != kind || found.Scale != scale)
            return null;
        _taken.Add(found);
        return found;
    }

    private unsafe void Copy(PackCacheEntry entry, Stream to)
    {
        using var from = new UnmanagedMemoryStream((byte*)_file!.AddressOf(entry), entry.Length);
        from.CopyTo(to, 1 << 20);
    }

    private static string PathOf(ParameterRequest request) => request.Path + request.Ending;

    private static string KindOf(ParameterRequest request, DataType type) =>
        string.Create(CultureInfo.InvariantCulture, $"{type} {request.Layout} {request.Rows} {request.Columns}");

    private static string KindOf(ParameterRequest request, BlockType type, QuantizedPlacement placement) =>
        string.Create(CultureInfo.InvariantCulture, $"{type} {placement} {request.Rows} {request.Columns}");

    private static string KeyOf(ModelLoadOptions options, IEnumerable<string> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(hash, $"{LayoutVersion} {Parameter.PanelRows} {options.Storage} {options.Placement} {BitConverter.IsLittleEndian}");
        if (options.Stage is { } stage)
            Add(hash, $" {stage}");
        foreach (string file in files)
        {
            var info = new FileInfo(file);
            Add(hash, string.Create(CultureInfo.InvariantCulture, $"{info.Name} {info.Length} {info.LastWriteTimeUtc.Ticks}"));
            using FileStream stream = info.OpenRead();
            Add(hash, stream, 0, HeaderBytes);
            for (int sample = 1; sample < SamplesOfAFile && info.Length > HeaderBytes; sample++)
                Add(hash, stream, info.Length / SamplesOfAFile * sample, SampleBytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    private static void Add(IncrementalHash hash, FileStream stream, long at, int most)
    {
        byte[] bytes = new byte[most];
        stream.Position = at;
        hash.AppendData(bytes.AsSpan(0, stream.ReadAtLeast(bytes, most, throwOnEndOfStream: false)));
    }

    private static void Add(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
}
