using Microsoft.Win32.SafeHandles;

namespace Seriatim.Formats;

/// <summary>
/// A file that appears under its name only when it is complete: written beside it, flushed to the disk, then renamed. Whoever
/// opens the name sees the old file or the new one, never half of one, even if the machine stops in between.
/// </summary>
internal sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _handle;
    private bool _committed;

    public AtomicFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        _temporary = $"{_path}.{Guid.NewGuid():N}.tmp";
        var folder = Path.GetDirectoryName(_path)!;
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"{folder}: there is no such folder to write {Path.GetFileName(_path)} into. Make it first.");
        }
        if (Directory.Exists(_path))
            throw new IOException($"{_path} is a folder, and a file is to be written. Choose another name.");
        _handle = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        RandomAccess.Write(_handle, bytes, offset);
    }

    /// <summary>Fixes the length; what is not written reads as zeros.</summary>
    public void SetLength(long length) => RandomAccess.SetLength(_handle, length);

    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
        RandomAccess.FlushToDisk(_handle);
        _handle.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (!_committed)
            File.Delete(_temporary);
    }
}
