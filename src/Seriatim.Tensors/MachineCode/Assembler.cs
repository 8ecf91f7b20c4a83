using System.Buffers.Binary;

namespace Seriatim.Tensors;

/// <summary>
/// Writes the few instructions of x64 that our kernels are made of, by their names in the manuals. The code does not depend on
/// where it will lie.
/// </summary>
/// <remarks>
/// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: chapter 2.1 (ModRM, SIB), 2.7 (EVEX; offsets
/// of one byte count in units of what the instruction reads), and the page of each instruction. All vectors have 512 bits.
/// </remarks>
internal sealed class Assembler
{
    private const int Full = 64;

    private readonly List<LabelUse> _uses = [];
    private byte[] _code = new byte[4096];

    /// <summary>Bytes so far.</summary>
    public int Length { get; private set; }

    /// <summary>The finished code.</summary>
    /// <exception cref="InvalidOperationException">A label is used and not bound.</exception>
    public byte[] ToArray()
    {
        foreach (LabelUse use in _uses)
        {
            if (use.Label.Position < 0)
                throw new InvalidOperationException($"The code at byte {use.At} names a label that is nowhere bound.");
            BinaryPrimitives.WriteInt32LittleEndian(_code.AsSpan(use.At), use.Label.Position - use.End);
        }

        return _code.AsSpan(0, Length).ToArray();
    }

    /// <summary>The label is here.</summary>
    public void Bind(CodeLabel label)
    {
        if (label.Position >= 0)
            throw new InvalidOperationException($"A label is at byte {label.Position} already; it cannot be at {Length} too.");
        label.Position = Length;
    }

    /// <summary>Fills up with instructions that do nothing.</summary>
    public void Align(int bytes)
    {
        for (int left = (bytes - Length % bytes) % bytes; left > 0; left -= Math.Min(left, 8))
            Put(Nothing(Math.Min(left, 8)));
    }

    /// <summary>Data in the code.</summary>
    public void Data(ReadOnlySpan<byte> bytes) => Put(bytes);

    public void Push(Gpr register) => Stack(0x50, register);

    public void Pop(Gpr register) => Stack(0x58, register);

    public void Ret() => Put([0xC3]);

    public void Vzeroupper() => Put([0xC5, 0xF8, 0x77]);

    public void Mov(Gpr to, Gpr from) => Wide(0x89, (int)from, to);

    public void Mov(Gpr to, CodeAddress from) => Wide(0x8B, (int)to, from);

    public void Mov(CodeAddress to, Gpr from) => Wide(0x89, (int)from, to);

    public void Add(Gpr to, Gpr from) => Wide(0x01, (int)from, to);

    public void Add(Gpr to, int value) => Immediate(0, to, value);

    public void Sub(Gpr to, int value) => Immediate(5, to, value);

    public void Add(CodeAddress to, int value) => Immediate(0, to, value);

    public void Sub(CodeAddress to, int value) => Immediate(5, to, value);

    public void Jmp(CodeLabel to) => Jump([0xE9], to);

    /// <summary>Jumps if the last result was 0.</summary>
    public void Jz(CodeLabel to) => Jump([0x0F, 0x84], to);

    /// <summary>Jumps if the last result was not 0.</summary>
    public void Jnz(CodeLabel to) => Jump([0x0F, 0x85], to);

    /// <summary>Asks for a line of memory, into all caches.</summary>
    public void Prefetcht0(CodeAddress at)
    {
        Rex(false, 1, at);
        Put([0x0F, 0x18]);
        ModRm(1, at, 1, 0);
    }

    public void Vmovups(Zmm to, CodeAddress from) => Evex(Map.M0F, 0, 0x10, to.Number, 0, from, Full);

    public void Vmovups(CodeAddress to, Zmm from) => Evex(Map.M0F, 0, 0x11, from.Number, 0, to, Full);

    /// <summary>The low 128 bits.</summary>
    public void Vmovups128(Zmm to, CodeAddress from) => Evex(Map.M0F, 0, 0x10, to.Number, 0, from, 16, length: 0);

    /// <summary>The low 128 bits.</summary>
    public void Vmovups128(CodeAddress to, Zmm from) => Evex(Map.M0F, 0, 0x11, from.Number, 0, to, 16, length: 0);

    public void Vmovdqa32(Zmm to, Zmm from) => Evex(Map.M0F, P66, 0x6F, to.Number, 0, from);

    public void Vmovdqu32(Zmm to, CodeAddress from) => Evex(Map.M0F, PF3, 0x6F, to.Number, 0, from, Full);

    public void Vpbroadcastd(Zmm to, CodeAddress from) => Evex(Map.M0F38, P66, 0x58, to.Number, 0, from, 4);

    public void Vpxord(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F, P66, 0xEF, to.Number, a.Number, b);

    public void Vpord(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F, P66, 0xEB, to.Number, a.Number, b);

    public void Vpandd(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F, P66, 0xDB, to.Number, a.Number, b);

    public void Vpaddd(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F, P66, 0xFE, to.Number, a.Number, b);

    /// <summary><c>to += a</c> with one number for all lanes.</summary>
    public void VpadddBroadcast(Zmm to, Zmm a, CodeAddress b) =>
        Evex(Map.M0F, P66, 0xFE, to.Number, a.Number, b, 4, broadcast: true);

    /// <summary>Bits of each 16 to the right.</summary>
    public void Vpsrlw(Zmm to, Zmm from, byte count)
    {
        Evex(Map.M0F, P66, 0x71, 2, to.Number, from);
        Put([count]);
    }

    /// <summary>Bits of each 16 to the left.</summary>
    public void Vpsllw(Zmm to, Zmm from, byte count)
    {
        Evex(Map.M0F, P66, 0x71, 6, to.Number, from);
        Put([count]);
    }

    /// <summary>Any function of three bits: bit <c>4 to + 2 a + b</c> of the table is its value.</summary>
    public void Vpternlogd(Zmm to, Zmm a, Zmm b, byte table)
    {
        Evex(Map.M0F3A, P66, 0x25, to.Number, a.Number, b);
        Put([table]);
    }

    /// <summary>Looks bytes up in each quarter.</summary>
    public void Vpshufb(Zmm to, Zmm table, Zmm codes) => Evex(Map.M0F38, P66, 0x00, to.Number, table.Number, codes);

    /// <summary>Adds to each of 16 sums four products of unsigned bytes of a and signed bytes of b.</summary>
    public void Vpdpbusd(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F38, P66, 0x50, to.Number, a.Number, b);

    /// <summary>The same with the same four signed bytes for all sums.</summary>
    public void VpdpbusdBroadcast(Zmm to, Zmm a, CodeAddress b) =>
        Evex(Map.M0F38, P66, 0x50, to.Number, a.Number, b, 4, broadcast: true);

    /// <summary>16 signed bytes to integers.</summary>
    public void Vpmovsxbd(Zmm to, CodeAddress from) => Evex(Map.M0F38, P66, 0x21, to.Number, 0, from, 16);

    /// <summary>16 unsigned bytes to integers.</summary>
    public void Vpmovzxbd(Zmm to, CodeAddress from) => Evex(Map.M0F38, P66, 0x31, to.Number, 0, from, 16);

    public void Vcvtdq2ps(Zmm to, Zmm from) => Evex(Map.M0F, 0, 0x5B, to.Number, 0, from);

    /// <summary>16 binary16 to F32.</summary>
    public void Vcvtph2ps(Zmm to, CodeAddress from) => Evex(Map.M0F38, P66, 0x13, to.Number, 0, from, 32);

    public void Vmulps(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F, 0, 0x59, to.Number, a.Number, b);

    /// <summary>All lanes times one number.</summary>
    public void VmulpsBroadcast(Zmm to, Zmm a, CodeAddress b) =>
        Evex(Map.M0F, 0, 0x59, to.Number, a.Number, b, 4, broadcast: true);

    /// <summary><c>to = a · b + to</c>, rounded once.</summary>
    public void Vfmadd231ps(Zmm to, Zmm a, Zmm b) => Evex(Map.M0F38, P66, 0xB8, to.Number, a.Number, b);

    /// <summary><c>to = a · b + to</c> with one number b.</summary>
    public void Vfmadd231psBroadcast(Zmm to, Zmm a, CodeAddress b) =>
        Evex(Map.M0F38, P66, 0xB8, to.Number, a.Number, b, 4, broadcast: true);

    /// <summary>Where a distance is written, and from where it counts. A class: lists of those are compiled already.</summary>
    private sealed class LabelUse(int at, int end, CodeLabel label)
    {
        public readonly int At = at, End = end;
        public readonly CodeLabel Label = label;
    }

    private const int P66 = 1;
    private const int PF3 = 2;

    /// <summary>The tables of opcodes.</summary>
    private enum Map
    {
        M0F = 1,
        M0F38 = 2,
        M0F3A = 3,
    }

    private void Evex(Map map, int prefix, byte opcode, int reg, int second, Zmm rm)
    {
        Evex(map, prefix, opcode, reg, second, rm.Number >> 4, rm.Number >> 3, false, 2);
        Put([(byte)(0xC0 | (reg & 7) << 3 | (rm.Number & 7))]);
    }

    private void Evex(
        Map map, int prefix, byte opcode, int reg, int second, CodeAddress rm, int unit, bool broadcast = false, int length = 2)
    {
        int start = rm.Label is null ? (int)rm.Base >> 3 : 0;
        Evex(map, prefix, opcode, reg, second, (int)(rm.Index ?? 0) >> 3, start, broadcast, length);
        ModRm(reg, rm, unit, 0);
    }

    /// <summary>
    /// The prefix 62, three bytes in which bits that name registers are inverted, and the opcode; W is always 0.
    /// </summary>
    private void Evex(Map map, int prefix, byte opcode, int reg, int second, int x, int b, bool broadcast, int length)
    {
        int registers = (reg >> 3 & 1) << 7 | (x & 1) << 6 | (b & 1) << 5 | (reg >> 4 & 1) << 4;
        Put(
        [
            0x62, (byte)(~registers & 0xF0 | (int)map), (byte)((~second & 15) << 3 | 4 | prefix),
            (byte)(length << 5 | (broadcast ? 0x10 : 0) | (~second & 16) >> 1), opcode,
        ]);
    }

    private void Wide(byte opcode, int reg, Gpr rm)
    {
        Put([(byte)(0x48 | reg >> 3 << 2 | (int)rm >> 3), opcode, (byte)(0xC0 | (reg & 7) << 3 | ((int)rm & 7))]);
    }

    private void Wide(byte opcode, int reg, CodeAddress rm, int trailing = 0)
    {
        Rex(true, reg, rm);
        Put([opcode]);
        ModRm(reg, rm, 1, trailing);
    }

    private void Immediate(int operation, Gpr to, int value)
    {
        bool small = value is >= sbyte.MinValue and <= sbyte.MaxValue;
        Wide(small ? (byte)0x83 : (byte)0x81, operation, to);
        Immediate(value, small);
    }

    private void Immediate(int operation, CodeAddress to, int value)
    {
        bool small = value is >= sbyte.MinValue and <= sbyte.MaxValue;
        Wide(small ? (byte)0x83 : (byte)0x81, operation, to, small ? 1 : 4);
        Immediate(value, small);
    }

    private void Immediate(int value, bool small)
    {
        if (small)
            Put([(byte)value]);
        else
            PutInt(value);
    }

    private void Stack(int opcode, Gpr register)
    {
        if (register >= Gpr.R8)
            Put([0x41]);
        Put([(byte)(opcode | (int)register & 7)]);
    }

    private void Rex(bool wide, int reg, CodeAddress rm)
    {
        int b = rm.Label is null ? (int)rm.Base >> 3 : 0;
        int rex = 0x40 | (wide ? 8 : 0) | reg >> 3 << 2 | (int)(rm.Index ?? 0) >> 3 << 1 | b;
        if (rex != 0x40)
            Put([(byte)rex]);
    }

    /// <summary>The operand in memory.</summary>
    /// <param name="reg">The other operand, or a part of the opcode.</param>
    /// <param name="at">Where.</param>
    /// <param name="unit">What an offset of one byte counts.</param>
    /// <param name="trailing">Bytes of the instruction behind it.</param>
    private void ModRm(int reg, CodeAddress at, int unit, int trailing)
    {
        reg = (reg & 7) << 3;
        if (at.Label is { } label)
        {
            Put([(byte)(reg | 5)]);
            _uses.Add(new LabelUse(Length, Length + 4 + trailing, label));
            PutInt(0);
            return;
        }

        int start = (int)at.Base & 7;
        bool pair = at.Index is not null || start == (int)Gpr.Rsp;
        // Without an offset, base 5 (rbp, r13) would mean something else.
        int mode = at.Offset == 0 && start != (int)Gpr.Rbp ? 0
            : at.Offset % unit == 0 && at.Offset / unit is >= sbyte.MinValue and <= sbyte.MaxValue ? 1 : 2;
        Put([(byte)(mode << 6 | reg | (pair ? 4 : start))]);
        if (pair)
            Put([(byte)((at.Index is { } index ? (int)index & 7 : 4) << 3 | start)]);
        if (mode == 1)
            Put([(byte)(at.Offset / unit)]);
        else if (mode == 2)
            PutInt(at.Offset);
    }

    private void Jump(ReadOnlySpan<byte> opcode, CodeLabel to)
    {
        Put(opcode);
        _uses.Add(new LabelUse(Length, Length + 4, to));
        PutInt(0);
    }

    private void PutInt(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        Put(bytes);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        if (Length + bytes.Length > _code.Length)
            Array.Resize(ref _code, 2 * _code.Length + bytes.Length);
        bytes.CopyTo(_code.AsSpan(Length));
        Length += bytes.Length;
    }

    /// <summary>The recommended instructions that do nothing.</summary>
    private static ReadOnlySpan<byte> Nothing(int bytes) => bytes switch
    {
        1 => [0x90],
        2 => [0x66, 0x90],
        3 => [0x0F, 0x1F, 0x00],
        4 => [0x0F, 0x1F, 0x40, 0x00],
        5 => [0x0F, 0x1F, 0x44, 0x00, 0x00],
        6 => [0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        7 => [0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        _ => [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    };
}
