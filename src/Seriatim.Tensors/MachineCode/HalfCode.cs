namespace Seriatim.Tensors;

/// <summary>
/// Binary16 as machine code: one instruction widens 16 numbers, where .NET has none and <see cref="HalfBits"/> needs seven. The
/// tile of <see cref="OuterProduct{T}"/> for a panel, with the same order of sums, and widening alone.
/// </summary>
internal static class HalfCode
{
    /// <summary>Inputs of a turn of the loop.</summary>
    public const int Unroll = 4;

    /// <summary>Outputs of a panel.</summary>
    public const int Outputs = 32;

    private const int VectorBytes = sizeof(float) * 16;
    private const int HalvesBytes = 2 * 16;
    private const Gpr A = Gpr.Rax;
    private const Gpr B = Gpr.Rcx;
    private const Gpr C = Gpr.Rdx;
    private const Gpr Stride = Gpr.Rsi;
    private const Gpr Depth = Gpr.R8;

    private static readonly Zmm[] Widened = [new(28), new(29)];
    private static readonly Zmm Value = new(30);

    /// <summary>Writes a kernel, to be called with a <see cref="HalfCall"/>.</summary>
    /// <param name="rows">Rows: 1, 2, 4 or 8.</param>
    /// <param name="windows">For which convention of calls.</param>
    public static byte[] Write(int rows, bool windows)
    {
        var code = new Assembler();
        CodeFrame.Begin(code, windows);
        code.Mov(A, Field(HalfCall.AAt));
        code.Mov(B, Field(HalfCall.BAt));
        code.Mov(Depth, Field(HalfCall.DepthAt));
        WriteResults(code, rows, load: true);
        var turn = new CodeLabel();
        code.Align(64);
        code.Bind(turn);
        for (int k = 0; k < Unroll; k++)
            WriteInput(code, rows, k);
        code.Add(A, Unroll * rows * sizeof(float));
        code.Add(B, Unroll * 2 * HalvesBytes);
        code.Sub(Depth, Unroll);
        code.Jnz(turn);
        WriteResults(code, rows, load: false);
        CodeFrame.End(code, windows);
        return code.ToArray();
    }

    /// <summary>
    /// Writes the kernel that widens <c>B</c> into <c>C</c>, <c>Depth</c> times 16 numbers, to be called with a
    /// <see cref="HalfCall"/>.
    /// </summary>
    public static byte[] WriteWidening(bool windows)
    {
        var code = new Assembler();
        CodeFrame.Begin(code, windows);
        code.Mov(B, Field(HalfCall.BAt));
        code.Mov(C, Field(HalfCall.CAt));
        code.Mov(Depth, Field(HalfCall.DepthAt));
        var turn = new CodeLabel();
        code.Align(64);
        code.Bind(turn);
        code.Vcvtph2ps(Widened[0], new CodeAddress(B));
        code.Vmovups(new CodeAddress(C), Widened[0]);
        code.Add(B, HalvesBytes);
        code.Add(C, VectorBytes);
        code.Sub(Depth, 1);
        code.Jnz(turn);
        CodeFrame.End(code, windows);
        return code.ToArray();
    }

    private static void WriteInput(Assembler code, int rows, int k)
    {
        code.Prefetcht0(new CodeAddress(B, Ahead.Distance + k * 2 * HalvesBytes));
        for (int half = 0; half < 2; half++)
            code.Vcvtph2ps(Widened[half], new CodeAddress(B, (2 * k + half) * HalvesBytes));
        for (int row = 0; row < rows; row++)
        {
            code.Vpbroadcastd(Value, new CodeAddress(A, (k * rows + row) * sizeof(float)));
            for (int half = 0; half < 2; half++)
                code.Vfmadd231ps(Sum(row, half), Widened[half], Value);
        }
    }

    private static void WriteResults(Assembler code, int rows, bool load)
    {
        code.Mov(C, Field(load ? HalfCall.StartAt : HalfCall.CAt));
        code.Mov(Stride, Field(load ? HalfCall.StartStrideAt : HalfCall.StrideAt));
        for (int row = 0; row < rows; row++)
        {
            for (int half = 0; half < 2; half++)
            {
                var at = new CodeAddress(C, half * VectorBytes);
                if (load)
                    code.Vmovups(Sum(row, half), at);
                else
                    code.Vmovups(at, Sum(row, half));
            }

            code.Add(C, Stride);
        }
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);

    private static Zmm Sum(int row, int half) => new(2 * row + half);
}
