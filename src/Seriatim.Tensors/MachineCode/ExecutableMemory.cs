using System.Runtime.InteropServices;

namespace Seriatim.Tensors;

/// <summary>
/// Puts machine code where it can run: memory of the operating system that is written, then made readable and executable, and at
/// no time both writable and executable. It stays until the process ends, because nobody knows who is inside.
/// </summary>
/// <remarks>
/// The calls are found by name in what every process has loaded (decision 042): the C library on Linux and macOS, kernel32 on
/// Windows. Nothing is shipped and nothing new is loaded.
/// </remarks>
internal static unsafe class ExecutableMemory
{
    private const int Read = 1;
    private const int Write = 2;
    private const int Execute = 4;
    private const int Private = 2;
    private const int AnonymousLinux = 0x20;
    private const int AnonymousMac = 0x1000;
    private const int CommitAndReserve = 0x3000;
    private const int PageReadWrite = 0x04;
    private const int PageExecuteRead = 0x20;
    private const int ReleaseAll = 0x8000;

    /// <summary>Puts code into memory of its own.</summary>
    /// <param name="code">What is to run; it may not depend on where it lies.</param>
    /// <param name="refusal">Why there is no such memory, in words that follow "off: "; null if there is.</param>
    /// <returns>The first instruction; null if the system refuses.</returns>
    public static byte* TryPlace(ReadOnlySpan<byte> code, out string? refusal)
    {
        try
        {
            return OperatingSystem.IsWindows() ? OnWindows(code, out refusal) : OnUnix(code, out refusal);
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException or InvalidOperationException)
        {
            refusal = $"the system's calls for executable memory are not found ({error.Message})";
            return null;
        }
    }

    private static byte* OnUnix(ReadOnlySpan<byte> code, out string? refusal)
    {
        nint library = NativeLibrary.GetMainProgramHandle();
        var map = (delegate* unmanaged<void*, nuint, int, int, int, nint, nint>)NativeLibrary.GetExport(library, "mmap");
        var protect = (delegate* unmanaged<nint, nuint, int, int>)NativeLibrary.GetExport(library, "mprotect");
        var unmap = (delegate* unmanaged<nint, nuint, int>)NativeLibrary.GetExport(library, "munmap");
        nuint bytes = WholePages(code.Length);
        int flags = Private | (OperatingSystem.IsMacOS() ? AnonymousMac : AnonymousLinux);
        nint memory = map(null, bytes, Read | Write, flags, -1, 0);
        if (memory == -1)
        {
            refusal = $"the system has no {bytes} bytes of memory for it (errno {Marshal.GetLastSystemError()})";
            return null;
        }

        code.CopyTo(new Span<byte>((void*)memory, code.Length));
        if (protect(memory, bytes, Read | Execute) != 0)
        {
            refusal = $"the system does not let memory become executable (errno {Marshal.GetLastSystemError()})";
            _ = unmap(memory, bytes);
            return null;
        }

        refusal = null;
        return (byte*)memory;
    }

    private static byte* OnWindows(ReadOnlySpan<byte> code, out string? refusal)
    {
        nint library = NativeLibrary.Load("kernel32.dll", typeof(ExecutableMemory).Assembly, DllImportSearchPath.System32);
        var allocate = (delegate* unmanaged<void*, nuint, uint, uint, byte*>)NativeLibrary.GetExport(library, "VirtualAlloc");
        var protect = (delegate* unmanaged<void*, nuint, uint, uint*, int>)NativeLibrary.GetExport(library, "VirtualProtect");
        var free = (delegate* unmanaged<void*, nuint, uint, int>)NativeLibrary.GetExport(library, "VirtualFree");
        var process = (delegate* unmanaged<nint>)NativeLibrary.GetExport(library, "GetCurrentProcess");
        var flush = (delegate* unmanaged<nint, void*, nuint, int>)NativeLibrary.GetExport(library, "FlushInstructionCache");
        nuint bytes = WholePages(code.Length);
        byte* memory = allocate(null, bytes, CommitAndReserve, PageReadWrite);
        if (memory == null)
        {
            refusal = $"the system has no {bytes} bytes of memory for it (error {Marshal.GetLastSystemError()})";
            return null;
        }

        code.CopyTo(new Span<byte>(memory, code.Length));
        uint before;
        if (protect(memory, bytes, PageExecuteRead, &before) == 0)
        {
            refusal = $"the system does not let memory become executable (error {Marshal.GetLastSystemError()})";
            _ = free(memory, 0, ReleaseAll);
            return null;
        }

        _ = flush(process(), memory, bytes);
        refusal = null;
        return memory;
    }

    private static nuint WholePages(int bytes)
    {
        int page = Environment.SystemPageSize;
        return (nuint)((bytes + page - 1) / page * page);
    }
}
