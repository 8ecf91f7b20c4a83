using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Memory that was freed goes back to the operating system. The C library of Linux keeps freed blocks of up to 32 MB for the
/// process: after a model was disposed tens of megabytes would stay resident for good.
/// </summary>
internal static partial class SystemMemory
{
    private static bool _cannot = !OperatingSystem.IsLinux();

    /// <summary>
    /// Asks the C library to give back what it keeps; nothing where it knows no such call (other systems, musl).
    /// </summary>
    public static void GiveBack()
    {
        if (_cannot)
            return;
        try
        {
            _ = Trim(0);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            _cannot = true;
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Trim(nuint kept);
}
