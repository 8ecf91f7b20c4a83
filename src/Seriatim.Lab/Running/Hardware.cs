using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Lab;

/// <summary>The processor as .NET sees it.</summary>
internal static class Hardware
{
    public static IReadOnlyList<string> Instructions()
    {
        (string Name, bool There)[] all =
        [
            ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported), ("AVX-512F", Avx512F.IsSupported),
            ("AVX-512BW", Avx512BW.IsSupported), ("AVX-VNNI", AvxVnni.IsSupported), ("AdvSimd", AdvSimd.IsSupported),
            ("DotProd", Dp.IsSupported),
        ];
        return [.. all.Where(set => set.There).Select(set => set.Name)];
    }

    public static int VectorBits() =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256
            : Vector128.IsHardwareAccelerated ? 128 : 64;

    public static string Processor()
    {
        const string Linux = "/proc/cpuinfo";
        string? named = File.Exists(Linux)
            ? File.ReadLines(Linux).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
                ?.Split(':', 2)[^1].Trim()
            : Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrEmpty(named) ? $"{RuntimeInformation.ProcessArchitecture}" : named;
    }
}
