namespace Seriatim.Tensors.Tests;

/// <summary>
/// What the assembler writes, byte by byte: a few instructions composed by the rules of the manual, the others as the GNU
/// assembler writes them.
/// </summary>
public sealed class AssemblerTests
{
    private static readonly Dictionary<string, Action<Assembler>> Instructions = new()
    {
        ["62 F2 6D 48 50 CB vpdpbusd zmm1, zmm2, zmm3"] = a => a.Vpdpbusd(Z(1), Z(2), Z(3)),
        ["62 02 3D 40 50 FA vpdpbusd zmm31, zmm24, zmm26"] = a => a.Vpdpbusd(Z(31), Z(24), Z(26)),
        ["62 52 75 50 50 4A 2F vpdpbusd zmm9, zmm17, [r10+0xbc]{1to16}"] =
            a => a.VpdpbusdBroadcast(Z(9), Z(17), At(Gpr.R10, 0xBC)),
        ["62 52 75 50 50 8A 00 02 00 00 vpdpbusd zmm9, zmm17, [r10+0x200]{1to16}"] =
            a => a.VpdpbusdBroadcast(Z(9), Z(17), At(Gpr.R10, 0x200)),
        ["62 42 7D 48 58 55 00 vpbroadcastd zmm26, [r13]"] = a => a.Vpbroadcastd(Z(26), At(Gpr.R13)),
        ["62 F2 7D 48 58 43 05 vpbroadcastd zmm0, [rbx+20]"] = a => a.Vpbroadcastd(Z(0), At(Gpr.Rbx, 20)),
        ["62 51 7C 48 10 64 24 05 vmovups zmm12, [r12+0x140]"] = a => a.Vmovups(Z(12), At(Gpr.R12, 0x140)),
        ["62 C1 7C 48 11 7C 24 01 vmovups [r12+0x40], zmm23"] = a => a.Vmovups(At(Gpr.R12, 0x40), Z(23)),
        ["62 71 7C 48 11 84 24 41 00 00 00 vmovups [rsp+0x41], zmm8"] = a => a.Vmovups(At(Gpr.Rsp, 0x41), Z(8)),
        ["62 B1 7C 48 10 0C 3E vmovups zmm1, [rsi+r15]"] = a => a.Vmovups(Z(1), new CodeAddress(Gpr.Rsi, 0, Gpr.R15)),
        ["62 61 7E 48 6F 40 07 vmovdqu32 zmm24, [rax+0x1c0]"] = a => a.Vmovdqu32(Z(24), At(Gpr.Rax, 0x1C0)),
        ["62 61 7E 48 6F 89 00 20 00 00 vmovdqu32 zmm25, [rcx+0x2000]"] = a => a.Vmovdqu32(Z(25), At(Gpr.Rcx, 0x2000)),
        ["62 E1 7D 48 6F F3 vmovdqa32 zmm22, zmm3"] = a => a.Vmovdqa32(Z(22), Z(3)),
        ["62 F1 4D 48 EF EF vpxord zmm5, zmm6, zmm7"] = a => a.Vpxord(Z(5), Z(6), Z(7)),
        ["62 01 3D 40 DB CC vpandd zmm25, zmm24, zmm28"] = a => a.Vpandd(Z(25), Z(24), Z(28)),
        ["62 F1 7D 48 FE C6 vpaddd zmm0, zmm0, zmm6"] = a => a.Vpaddd(Z(0), Z(0), Z(6)),
        ["62 91 2D 40 71 D0 04 vpsrlw zmm26, zmm24, 4"] = a => a.Vpsrlw(Z(26), Z(24), 4),
        ["62 91 3D 40 71 F7 02 vpsllw zmm24, zmm31, 2"] = a => a.Vpsllw(Z(24), Z(31), 2),
        ["62 03 3D 40 25 CD F8 vpternlogd zmm25, zmm24, zmm29, 0xf8"] = a => a.Vpternlogd(Z(25), Z(24), Z(29), 0xF8),
        ["62 02 0D 40 00 C9 vpshufb zmm25, zmm30, zmm25"] = a => a.Vpshufb(Z(25), Z(30), Z(25)),
        ["62 E2 7D 48 21 62 01 vpmovsxbd zmm20, [rdx+16]"] = a => a.Vpmovsxbd(Z(20), At(Gpr.Rdx, 16)),
        ["62 E2 7D 48 31 3E vpmovzxbd zmm23, [rsi]"] = a => a.Vpmovzxbd(Z(23), At(Gpr.Rsi)),
        ["62 51 7C 48 5B DB vcvtdq2ps zmm11, zmm11"] = a => a.Vcvtdq2ps(Z(11), Z(11)),
        ["62 E2 7D 48 13 50 01 vcvtph2ps zmm18, [rax+0x20]"] = a => a.Vcvtph2ps(Z(18), At(Gpr.Rax, 0x20)),
        ["62 A1 6C 40 59 E4 vmulps zmm20, zmm18, zmm20"] = a => a.Vmulps(Z(20), Z(18), Z(20)),
        ["62 41 1C 50 59 5B 05 vmulps zmm27, zmm28, [r11+20]{1to16}"] =
            a => a.VmulpsBroadcast(Z(27), Z(28), At(Gpr.R11, 20)),
        ["62 C2 2D 40 B8 FB vfmadd231ps zmm23, zmm26, zmm11"] = a => a.Vfmadd231ps(Z(23), Z(26), Z(11)),
        ["62 E2 05 50 B8 7D 00 vfmadd231ps zmm23, zmm31, [rbp]{1to16}"] =
            a => a.Vfmadd231psBroadcast(Z(23), Z(31), At(Gpr.Rbp)),
        ["62 71 7C 08 11 44 24 02 vmovups [rsp+0x20], xmm8"] = a => a.Vmovups128(At(Gpr.Rsp, 0x20), Z(8)),
        ["62 71 7C 08 10 7C 24 09 vmovups xmm15, [rsp+0x90]"] = a => a.Vmovups128(Z(15), At(Gpr.Rsp, 0x90)),
        ["53 push rbx"] = a => a.Push(Gpr.Rbx),
        ["41 54 push r12"] = a => a.Push(Gpr.R12),
        ["41 5F pop r15"] = a => a.Pop(Gpr.R15),
        ["C3 ret"] = a => a.Ret(),
        ["C5 F8 77 vzeroupper"] = a => a.Vzeroupper(),
        ["48 89 CF mov rdi, rcx"] = a => a.Mov(Gpr.Rdi, Gpr.Rcx),
        ["4C 8B 67 50 mov r12, [rdi+80]"] = a => a.Mov(Gpr.R12, At(Gpr.Rdi, 80)),
        ["4C 89 97 80 00 00 00 mov [rdi+0x80], r10"] = a => a.Mov(At(Gpr.Rdi, 0x80), Gpr.R10),
        ["4D 01 F5 add r13, r14"] = a => a.Add(Gpr.R13, Gpr.R14),
        ["48 81 C1 00 02 00 00 add rcx, 512"] = a => a.Add(Gpr.Rcx, 512),
        ["49 83 C2 60 add r10, 96"] = a => a.Add(Gpr.R10, 96),
        ["48 81 EC A0 00 00 00 sub rsp, 160"] = a => a.Sub(Gpr.Rsp, 160),
        ["49 83 EC 01 sub r12, 1"] = a => a.Sub(Gpr.R12, 1),
        ["48 83 6F 60 01 sub [rdi+96], 1"] = a => a.Sub(At(Gpr.Rdi, 96), 1),
        ["48 81 47 50 80 01 00 00 add [rdi+80], 384"] = a => a.Add(At(Gpr.Rdi, 80), 384),
        ["41 0F 18 4D 00 prefetcht0 [r13]"] = a => a.Prefetcht0(At(Gpr.R13)),
        ["43 0F 18 4C 3D 00 prefetcht0 [r13+r15]"] = a => a.Prefetcht0(new CodeAddress(Gpr.R13, 0, Gpr.R15)),
        ["41 0F 18 88 40 20 00 00 prefetcht0 [r8+0x2040]"] = a => a.Prefetcht0(At(Gpr.R8, 0x2040)),
    };

    public static TheoryData<string> Names => [.. Instructions.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Instructions_have_the_bytes_of_other_assemblers(string line)
    {
        var assembler = new Assembler();
        Instructions[line](assembler);
        string bytes = string.Join(' ', assembler.ToArray().Select(b => $"{b:X2}"));
        Assert.StartsWith($"{bytes} ", line, StringComparison.Ordinal);
    }

    /// <summary>
    /// Composed by hand. EVEX.512.66.0F38.W0 50 /r: 62, then not(R X B R') and the map 2, then W, not(vvvv), 1 and the prefix
    /// 66 as 1, then the length 2 for 512 bits, the broadcast and not(V'), the opcode, ModRM. Register 21 is 1 0101, 30 is
    /// 1 1110, 9 is 0 1001; the offset 8 of a broadcast of 4 bytes is written as 2, with a base and no index.
    /// </summary>
    [Fact]
    public void An_instruction_is_composed_as_the_manual_says()
    {
        var assembler = new Assembler();
        assembler.VpdpbusdBroadcast(Z(21), Z(30), At(Gpr.R9, 8));
        const int RXBR = 0b1100_0000; // 21: bits 3 and 4 are 0 and 1, so R is 1 and R' 0; no index; base 9: bit 3 is 1, so B is 0
        const int Vvvv = 0b0001 << 3; // 30: the low four bits 1110, inverted
        byte[] expected =
        [
            0x62, RXBR | 2, Vvvv | 0b100 | 1, 2 << 5 | 0b1_0000, 0x50, 0b01_101_001, 2,
        ];
        Assert.Equal(expected, assembler.ToArray());
    }

    [Fact]
    public void Labels_before_and_behind_are_reached_from_the_end_of_the_instruction()
    {
        var assembler = new Assembler();
        var back = new CodeLabel();
        var ahead = new CodeLabel();
        assembler.Bind(back);
        assembler.Ret();                                              // 0
        assembler.Jnz(back);                                          // 1 to 7: back by 7
        assembler.Jz(ahead);                                          // 7 to 13
        assembler.Jmp(ahead);                                         // 13 to 18
        assembler.Vpbroadcastd(Z(28), new CodeAddress(ahead));        // 18 to 28
        assembler.Bind(ahead);
        Assert.Equal(
            "C3 0F 85 F9 FF FF FF 0F 84 0F 00 00 00 E9 0A 00 00 00 62 62 7D 48 58 25 00 00 00 00",
            string.Join(' ', assembler.ToArray().Select(b => $"{b:X2}")));
    }

    [Fact]
    public void A_label_that_is_nowhere_and_one_that_is_twice_are_refused()
    {
        var assembler = new Assembler();
        var label = new CodeLabel();
        assembler.Jmp(label);
        Assert.Contains("byte 1 names a label", Assert.Throws<InvalidOperationException>(() => assembler.ToArray()).Message);
        assembler.Bind(label);
        Assert.Contains("at byte 5 already", Assert.Throws<InvalidOperationException>(() => assembler.Bind(label)).Message);
        Assert.Throws<ArgumentException>(() => new CodeAddress(Gpr.Rax, 0, Gpr.Rsp));
    }

    [Fact]
    public void Alignment_is_filled_with_instructions_that_do_nothing()
    {
        for (int before = 1; before < 64; before++)
        {
            var assembler = new Assembler();
            for (int i = 0; i < before; i++)
                assembler.Ret();
            assembler.Align(64);
            byte[] code = assembler.ToArray();
            Assert.Equal(64, code.Length);
            byte[] eights = [0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0];
            for (int at = before; at + 8 <= 64; at += 8)
                Assert.Equal(eights, code[at..(at + 8)]);
        }
    }

    private static Zmm Z(int number) => new(number);

    private static CodeAddress At(Gpr start, int offset = 0) => new(start, offset);
}
