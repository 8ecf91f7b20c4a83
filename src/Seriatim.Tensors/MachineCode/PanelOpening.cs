namespace Seriatim.Tensors;

/// <summary>
/// What kernels of packed panels share: the parts of a chunk, its scales, and codes that go from their planes to registers. It
/// uses the registers that are named here.
/// </summary>
internal sealed class PanelOpening(Assembler code, PanelFacts facts)
{
    private const int StepBytes = PanelFacts.StepBytes;
    private const byte OrMasked = 0xF8; // a | b & c
    private const Gpr Scales = Gpr.Rax;
    private const Gpr Minimums = Gpr.Rcx;
    private const Gpr Integers = Gpr.Rdx;
    private const Gpr Floors = Gpr.Rsi;
    private const Gpr Codes = Gpr.R8;

    private static readonly Zmm BlockScale = new(18);
    private static readonly Zmm BlockMinimum = new(19);
    private static readonly Zmm[] GroupScale = [new(20), new(21)];
    private static readonly Zmm[] GroupMinimum = [new(22), new(23)];
    private static readonly Zmm Both = new(24);
    private static readonly Zmm Mask = new(28);
    private static readonly Zmm UpperMask = new(29);
    private static readonly Zmm Table = new(30);
    private static readonly Zmm More = new(31);

    private readonly CodeLabel _mask = new();
    private readonly CodeLabel _upperMask = new();
    private readonly CodeLabel _table = new();

    /// <summary>Free for who uses this, as 0 to 17 are: the codes of two steps, and a scale times a factor.</summary>
    public static Zmm Low { get; } = new(25);

    /// <summary>The later one of the steps.</summary>
    public static Zmm High { get; } = new(26);

    /// <summary>What is passing.</summary>
    public static Zmm Passing { get; } = new(27);

    /// <summary>Finds the parts of the first chunk, and loads what does not change.</summary>
    public void WriteLoads()
    {
        code.Mov(Scales, Field(PanelCall.ScalesAt));
        code.Mov(Minimums, Field(PanelCall.MinimumsAt));
        code.Mov(Integers, Field(PanelCall.IntegersAt));
        code.Mov(Floors, Field(PanelCall.FloorsAt));
        code.Mov(Codes, Field(PanelCall.CodesAt));
        if (facts.CodeBits < 8)
            code.Vpbroadcastd(Mask, new CodeAddress(_mask));
        if (facts.CodeBits is 5 or 6)
            code.Vpbroadcastd(UpperMask, new CodeAddress(_upperMask));
        if (facts.Levels.Length > 0)
            code.Vmovdqu32(Table, new CodeAddress(_table));
    }

    /// <summary>Asks for the header of a chunk that comes later.</summary>
    public void WriteHeaderRequest()
    {
        for (int at = 0; at < facts.HeaderBytes; at += 64)
            code.Prefetcht0(new CodeAddress(Scales, Ahead.Distance + at));
    }

    /// <summary>S and M of a block.</summary>
    public void WriteBlockScales()
    {
        code.Vcvtph2ps(BlockScale, new CodeAddress(Scales));
        code.Add(Scales, PanelFacts.ScaleBytes);
        if (!facts.HasMinimums)
            return;
        code.Vcvtph2ps(BlockMinimum, new CodeAddress(Minimums));
        code.Add(Minimums, PanelFacts.ScaleBytes);
    }

    /// <summary>The scales and minimums of the groups of 32 inputs.</summary>
    public void WriteGroupScales()
    {
        for (int group = 0; facts.HasGroupScales && group < facts.Groups; group++)
        {
            code.Vpmovsxbd(GroupScale[group], new CodeAddress(Integers, group * PanelChunk.Outputs));
            code.Vcvtdq2ps(GroupScale[group], GroupScale[group]);
            code.Vmulps(GroupScale[group], BlockScale, GroupScale[group]);
            if (!facts.HasMinimums)
                continue;
            code.Vpmovzxbd(GroupMinimum[group], new CodeAddress(Floors, group * PanelChunk.Outputs));
            code.Vcvtdq2ps(GroupMinimum[group], GroupMinimum[group]);
            code.Vmulps(GroupMinimum[group], BlockMinimum, GroupMinimum[group]);
        }
    }

    /// <summary>The scale of a group, once they are there.</summary>
    public Zmm Scale(int group) => facts.HasGroupScales ? GroupScale[group] : BlockScale;

    /// <summary>The minimum of a group.</summary>
    public Zmm Minimum(int group) => facts.HasGroupScales ? GroupMinimum[group] : BlockMinimum;

    /// <summary>
    /// The codes of the steps j and j + 4; those of less than 8 bits lie in the same bytes. Asks for later ones.
    /// </summary>
    public void WriteTwoSteps(int j, Zmm low, Zmm high)
    {
        for (int line = j; line < facts.CodeBits; line += 4)
            code.Prefetcht0(new CodeAddress(Codes, Ahead.Distance + line * StepBytes));
        if (facts.CodeBits == 8)
        {
            code.Vmovdqu32(low, new CodeAddress(Codes, j * StepBytes));
            code.Vmovdqu32(high, new CodeAddress(Codes, (j + 4) * StepBytes));
            return;
        }

        code.Vmovdqu32(Both, new CodeAddress(Codes, j * StepBytes));
        code.Vpandd(low, Both, Mask);
        code.Vpsrlw(high, Both, 4);
        code.Vpandd(high, high, Mask);
        if (facts.CodeBits == 6)
        {
            code.Vmovdqu32(More, new CodeAddress(Codes, (4 + j % 2) * StepBytes));
            WriteUpper(low, j / 2 * 2 - 4);
            WriteUpper(high, j / 2 * 2);
        }
        else if (facts.CodeBits == 5)
        {
            code.Vmovdqu32(More, new CodeAddress(Codes, 4 * StepBytes));
            WriteUpper(low, j - 4);
            WriteUpper(high, j);
        }

        if (facts.Levels.Length == 0)
            return;
        code.Vpshufb(low, Table, low);
        code.Vpshufb(high, Table, high);
    }

    /// <summary>Goes on by 32 inputs.</summary>
    public void WriteNextGroup()
    {
        code.Add(Codes, facts.CodeBytes);
        if (facts.HasGroupScales)
            code.Add(Integers, facts.Groups * PanelChunk.Outputs);
        if (facts.HasGroupScales && facts.HasMinimums)
            code.Add(Floors, facts.Groups * PanelChunk.Outputs);
    }

    /// <summary>Goes from the end of each part of a chunk of 256 inputs to the same part of the next.</summary>
    public void WriteNextChunk()
    {
        int scales = PanelChunk.Inputs / 32 / facts.Parts * PanelFacts.ScaleBytes;
        int integers = PanelChunk.Inputs / 32 * facts.Groups * PanelChunk.Outputs;
        code.Add(Scales, facts.ChunkBytes - scales);
        code.Add(Codes, facts.HeaderBytes);
        if (facts.HasMinimums)
            code.Add(Minimums, facts.ChunkBytes - scales);
        if (facts.HasGroupScales)
            code.Add(Integers, facts.ChunkBytes - integers);
        if (facts.HasGroupScales && facts.HasMinimums)
            code.Add(Floors, facts.ChunkBytes - integers);
    }

    /// <summary>What the loads read, behind the code.</summary>
    public void WriteData()
    {
        code.Align(64);
        if (facts.Levels.Length > 0)
        {
            code.Bind(_table);
            for (int quarter = 0; quarter < 4; quarter++)
                code.Data(facts.Levels);
        }

        if (facts.CodeBits < 8)
        {
            code.Bind(_mask);
            code.Data([0x0F, 0x0F, 0x0F, 0x0F]);
        }

        if (facts.CodeBits is 5 or 6)
        {
            byte upper = facts.CodeBits == 6 ? (byte)0x30 : (byte)0x10;
            code.Bind(_upperMask);
            code.Data([upper, upper, upper, upper]);
        }
    }

    /// <summary>Adds the upper bits, which are so many too high (too low if negative).</summary>
    private void WriteUpper(Zmm codes, int shift)
    {
        Zmm shifted = shift == 0 ? More : Both;
        if (shift > 0)
            code.Vpsrlw(Both, More, (byte)shift);
        else if (shift < 0)
            code.Vpsllw(Both, More, (byte)-shift);
        code.Vpternlogd(codes, shifted, UpperMask, OrMasked);
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);
}
