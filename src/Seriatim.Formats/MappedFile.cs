using System.IO.MemoryMappedFiles;

namespace Seriatim.Formats;

/// <summary>A whole file mapped for reading. The owner must not use the pointer after <see cref="Dispose"/>.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private byte* _pointer;

    private MappedFile(string path, long length, MemoryMappedFile map, MemoryMappedViewAccessor view)
    {
        Path = path;
        Length = length;
        _map = map;
        _view = view;
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _pointer = start + view.PointerOffset;
    }

    /// <summary>The path as the caller gave it.</summary>
    public string Path { get; }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>First byte of the file.</summary>
    /// <exception cref="ObjectDisposedException">The file was closed.</exception>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_pointer is null, this);
            return _pointer;
        }
    }

    /// <summary>Maps a file of at least <paramref name="minimumLength"/> bytes.</summary>
    /// <exception cref="ModelFormatException">No such file, a folder, unreadable, or too short.</exception>
    public static MappedFile Open(string path, int minimumLength, string kind)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("Model files are little-endian and read in place.");
        if (Directory.Exists(path))
            throw new ModelFormatException(path, $"is a folder, not a {kind} file.", "Give the path of the file itself.");
        try
        {
            return MapChecked(path, minimumLength, kind);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFormatException(path, "no such file.", "Check the path.", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ModelFormatException(
                path, $"cannot be opened: {cause.Message}", "Check the permissions and that the disk is readable.", cause);
        }
    }

    private static MappedFile MapChecked(string path, int minimumLength, string kind)
    {
        // The mapping owns the stream once it exists; until then a failure must close it.
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            var length = stream.Length;
            GitLfsPointer.ThrowIfPointer(path, stream);
            if (length < minimumLength)
            {
                throw new ModelFormatException(
                    path,
                    $"has {length} bytes; the smallest {kind} file has {minimumLength}.",
                    ModelFormatException.AdviceDamaged);
            }
            map = MemoryMappedFile.CreateFromFile(
                stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
            return new MappedFile(path, length, map, view);
        }
        catch
        {
            view?.Dispose();
            map?.Dispose();
            stream.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (_pointer is null)
            return;
        _pointer = null;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }
}
