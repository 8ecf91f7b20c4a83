using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Seriatim.Tensors;

/// <summary>
/// Says once, on standard error, if this program was compiled ahead for processors that are far older than the one it runs on.
/// </summary>
internal static class SlowBuild
{
    private static int _said;

    public static void WarnOnce()
    {
        if (!RuntimeFeature.IsDynamicCodeCompiled && Problem(Vector256.IsHardwareAccelerated, HasAvx2()) is { } problem
            && Interlocked.Exchange(ref _said, 1) == 0)
        {
            Console.Error.WriteLine(problem);
        }
    }

    /// <summary>What is wrong with a program compiled ahead; null: nothing that could be better here.</summary>
    /// <param name="uses">Whether it was compiled for 256-bit vectors.</param>
    /// <param name="has">Whether the processor has them.</param>
    internal static string? Problem(bool uses, bool has) => uses || !has ? null
        : "Seriatim: this program was compiled ahead without AVX2 and FMA, which this processor has, and runs about 30 times "
            + "slower than it could. Put <IlcInstructionSet>x86-64-v3</IlcInstructionSet> into the project file (the package "
            + "Seriatim.Tensors does so unless the project says otherwise).";

    /// <summary>Leaf 7 of CPUID, bit 5 of EBX (Intel, Software Developer's Manual, volume 2, CPUID).</summary>
    private static bool HasAvx2() =>
        X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ebx & (1 << 5)) != 0;
}
