namespace Seriatim.Tensors;

/// <summary>
/// How a kernel begins and ends. It has one argument, a pointer, and may use all registers but that one (<see cref="Argument"/>)
/// and the stack's as it likes.
/// </summary>
/// <remarks>
/// System V: the argument comes in rdi; rbx, rbp and r12 to r15 belong to the caller. Windows: it comes in rcx; rdi, rsi and the
/// low halves of xmm6 to xmm15 belong to the caller as well. Kernels call nobody, so the stack needs no alignment.
/// </remarks>
internal static class CodeFrame
{
    /// <summary>Where a kernel finds its argument.</summary>
    public const Gpr Argument = Gpr.Rdi;

    private const int FirstSaved = 6;
    private const int LastSaved = 15;
    private const int SavedBytes = 16;

    private static readonly Gpr[] Everywhere = [Gpr.Rbx, Gpr.Rbp, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15];
    private static readonly Gpr[] OnWindows = [.. Everywhere, Gpr.Rdi, Gpr.Rsi];

    /// <summary>Keeps what belongs to the caller.</summary>
    public static void Begin(Assembler code, bool windows)
    {
        foreach (Gpr register in Saved(windows))
            code.Push(register);
        if (!windows)
            return;
        code.Sub(Gpr.Rsp, (LastSaved - FirstSaved + 1) * SavedBytes);
        for (int i = FirstSaved; i <= LastSaved; i++)
            code.Vmovups128(new CodeAddress(Gpr.Rsp, (i - FirstSaved) * SavedBytes), new Zmm(i));
        code.Mov(Argument, Gpr.Rcx);
    }

    /// <summary>Gives it back, and returns.</summary>
    public static void End(Assembler code, bool windows)
    {
        // Wide registers that are left full would slow down what the caller does with narrow ones.
        code.Vzeroupper();
        if (windows)
        {
            for (int i = FirstSaved; i <= LastSaved; i++)
                code.Vmovups128(new Zmm(i), new CodeAddress(Gpr.Rsp, (i - FirstSaved) * SavedBytes));
            code.Add(Gpr.Rsp, (LastSaved - FirstSaved + 1) * SavedBytes);
        }

        Gpr[] saved = Saved(windows);
        for (int i = saved.Length - 1; i >= 0; i--)
            code.Pop(saved[i]);
        code.Ret();
    }

    private static Gpr[] Saved(bool windows) => windows ? OnWindows : Everywhere;
}
