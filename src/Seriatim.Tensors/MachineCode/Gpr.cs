namespace Seriatim.Tensors;

/// <summary>The general registers of x64, by the numbers that instructions have for them.</summary>
internal enum Gpr
{
    /// <summary>Number 0.</summary>
    Rax,

    /// <summary>Number 1.</summary>
    Rcx,

    /// <summary>Number 2.</summary>
    Rdx,

    /// <summary>Number 3.</summary>
    Rbx,

    /// <summary>Number 4: the stack.</summary>
    Rsp,

    /// <summary>Number 5.</summary>
    Rbp,

    /// <summary>Number 6.</summary>
    Rsi,

    /// <summary>Number 7.</summary>
    Rdi,

    /// <summary>Number 8.</summary>
    R8,

    /// <summary>Number 9.</summary>
    R9,

    /// <summary>Number 10.</summary>
    R10,

    /// <summary>Number 11.</summary>
    R11,

    /// <summary>Number 12.</summary>
    R12,

    /// <summary>Number 13.</summary>
    R13,

    /// <summary>Number 14.</summary>
    R14,

    /// <summary>Number 15.</summary>
    R15,
}
