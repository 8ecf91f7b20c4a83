using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// Innermost loops that are written as machine code when the program runs, for instructions that .NET has no names for. They give
/// the same bits as the managed loops, which serve wherever this is off.
/// </summary>
public static class MachineCode
{
    /// <summary>The environment variable that switches it off with 0.</summary>
    public const string Variable = "SERIATIM_MACHINE_CODE";

    private const int FeatureLeaf = 7;
    private const int VnniBit = 11; // AVX512_VNNI: CPUID.(EAX=7, ECX=0):ECX

    private static volatile string? _refusal = RefusalOf(Environment.GetEnvironmentVariable(Variable));

    /// <summary>Whether kernels of machine code are used.</summary>
    public static bool IsOn => _refusal is null;

    /// <summary>What is used, or "off: " and why.</summary>
    public static string Description => _refusal is { } reason ? $"off: {reason}"
        : HasByteProducts ? "on: products of bytes (AVX512-VNNI), products with halves"
        : "on: products with halves (the processor has no AVX512-VNNI for those of bytes)";

    /// <summary>Whether the processor has AVX512-VNNI. Kernels without it need no more than <see cref="IsOn"/>.</summary>
    internal static bool HasByteProducts { get; } = IsX64 && X86Base.CpuId(0, 0).Eax >= FeatureLeaf
        && (X86Base.CpuId(FeatureLeaf, 0).Ecx >> VnniBit & 1) != 0;

    /// <summary>No kernel is made from here on; those that were made and are right go on working.</summary>
    internal static void Refuse(string reason) => _refusal ??= reason;

    /// <summary>Why there is none, from what the environment says and this machine has; null if there is.</summary>
    internal static string? RefusalOf(string? setting) => setting switch
    {
        null or "" or "1" => RefusalOfMachine(),
        "0" => $"{Variable} is 0",
        _ => $"{Variable} is {setting}; it must be 0 or 1",
    };

    private static string? RefusalOfMachine()
    {
        if (!IsX64)
            return $"there are no kernels for {RuntimeInformation.ProcessArchitecture}";
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsWindows() && !OperatingSystem.IsMacOS())
            return $"there are no kernels for {RuntimeInformation.OSDescription}";
        // .NET says yes only if the system keeps the registers of 512 bits (OSXSAVE, XCR0), and if nobody switched them off.
        return Avx512BW.IsSupported ? null : "the processor, the system or a setting of .NET has no AVX-512";
    }

    private static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;
}
