using System.Globalization;
using System.Text;

namespace Seriatim.Formats;

/// <summary>
/// A clone made without Git LFS holds, in place of each large file, a few lines of text that say which file belongs there. Every
/// reader of model files looks for them first, because such a text makes no sense as anything else.
/// </summary>
public static class GitLfsPointer
{
    /// <summary>Pointers are shorter than this, bytes.</summary>
    private const int Longest = 1024;

    /// <summary>Refuses a pointer by name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its content, or at least the first 1024 bytes.</param>
    /// <exception cref="ModelFormatException">
    /// It is a pointer; the message has its size, that of the real file, and what to run where.
    /// </exception>
    public static void ThrowIfPointer(string path, ReadOnlySpan<byte> content)
    {
        if (content.Length > Longest || !content.StartsWith("version "u8) || content.IndexOf("git-lfs"u8) < 0
            || content.IndexOf("\noid "u8) < 0)
        {
            return;
        }
        var size = Encoding.UTF8.GetString(content).Split('\n')
            .FirstOrDefault(line => line.StartsWith("size ", StringComparison.Ordinal))?[5..].Trim();
        var real = long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? $"{bytes} bytes"
            : "a size it does not say";
        var folder = Path.GetDirectoryName(Path.GetFullPath(path));
        throw new ModelFormatException(path, $"is a Git LFS pointer ({content.Length} bytes), the real file has {real};",
            $"run `git lfs pull` in {folder}.");
    }

    /// <inheritdoc cref="ThrowIfPointer(string, ReadOnlySpan{byte})"/>
    internal static void ThrowIfPointer(string path, FileStream stream)
    {
        if (stream.Length > Longest)
            return;
        Span<byte> content = stackalloc byte[(int)stream.Length];
        ThrowIfPointer(path, content[..RandomAccess.Read(stream.SafeFileHandle, content, 0)]);
    }
}
