using System.CommandLine;
using Seriatim.Models;

namespace Seriatim.Cli;

/// <summary>
/// Where a model is written: never over another one without being told to, and only where there is a folder for it.
/// </summary>
internal static class OutputPlace
{
    public static Option<bool> Force() =>
        Flag.Switch("Write over a file or into a folder that exists; files of other names stay.", "--force");

    /// <summary>Refuses a place before any work is done.</summary>
    /// <param name="path">A .gguf file, or a folder.</param>
    /// <param name="force">Whether what is there may be replaced.</param>
    public static void Require(string path, bool force)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (Path.GetDirectoryName(full) is { } parent && !Directory.Exists(parent))
            throw new UserErrorException($"-o is {path}, and {parent}: there is no such folder. Make it first.");
        bool isFile = Model.IsGguf(path);
        if (isFile ? Directory.Exists(full) : File.Exists(full))
        {
            (string there, string wanted) = isFile ? ("folder", "file") : ("file", "folder");
            throw new UserErrorException($"-o is {path}, which is a {there}; a {wanted} is to be written. Choose another name.");
        }

        if (!force && (isFile ? File.Exists(full) : Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw new UserErrorException(
                $"{path} is there already{(isFile ? "" : " and not empty")}. Choose another name, or give "
                    + "--force to replace it.");
        }
    }
}
