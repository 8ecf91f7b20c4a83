namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernel of <see cref="PanelRow{TFormat}"/> as machine code for AVX512-VNNI: a few rows against a packed panel, whose
/// codes go from their planes to the products in registers, chunk after chunk in one call.
/// </summary>
/// <remarks>
/// The order of all that is rounded is that of <see cref="DotTile{T}"/>. Registers: sums 0 to 11, results 12 to 17, then what the
/// names below say.
/// </remarks>
internal sealed class PanelCode
{
    private const int RowBytes = sizeof(float) * PanelChunk.Outputs;
    private const int StepBytes = PanelFacts.StepBytes;
    private const byte OrMasked = 0xF8; // a | b & c
    private const Gpr Scales = Gpr.Rax;
    private const Gpr Minimums = Gpr.Rcx;
    private const Gpr Integers = Gpr.Rdx;
    private const Gpr Floors = Gpr.Rsi;
    private const Gpr Codes = Gpr.R8;
    private const Gpr X = Gpr.R10;
    private const Gpr Factors = Gpr.R11;
    private const Gpr Starts = Gpr.Rbx;
    private const Gpr Sums = Gpr.Rbp;
    private const Gpr Part = Gpr.R12;
    private const Gpr Block = Gpr.R13;

    private static readonly (Gpr Register, int Field)[] OfRows =
    [
        (X, PanelCall.XAt), (Factors, PanelCall.FactorsAt), (Starts, PanelCall.StartsAt), (Sums, PanelCall.SumsAt),
    ];

    private static readonly Zmm Scale = new(18);
    private static readonly Zmm Minimum = new(19);
    private static readonly Zmm[] GroupScale = [new(20), new(21)];
    private static readonly Zmm[] GroupMinimum = [new(22), new(23)];
    private static readonly Zmm Both = new(24);
    private static readonly Zmm Low = new(25);
    private static readonly Zmm High = new(26);
    private static readonly Zmm Passing = new(27);
    private static readonly Zmm Mask = new(28);
    private static readonly Zmm UpperMask = new(29);
    private static readonly Zmm Table = new(30);
    private static readonly Zmm More = new(31);

    private readonly Assembler _code = new();
    private readonly CodeLabel _mask = new();
    private readonly CodeLabel _upperMask = new();
    private readonly CodeLabel _table = new();
    private readonly PanelFacts _facts;
    private readonly int _rows;
    private readonly bool _split;

    private PanelCode(PanelFacts facts, int rows)
    {
        (_facts, _rows) = (facts, rows);
        // With few rows one sum a row would wait for itself; two are added at the end.
        _split = facts.Halves || rows <= 2;
    }

    /// <summary>Writes a kernel, to be called with a <see cref="PanelCall"/>.</summary>
    /// <param name="facts">The format.</param>
    /// <param name="rows">Rows: 1, 2, 4 or 6.</param>
    /// <param name="windows">For which convention of calls.</param>
    public static byte[] Write(PanelFacts facts, int rows, bool windows)
    {
        var kernel = new PanelCode(facts, rows);
        CodeFrame.Begin(kernel._code, windows);
        kernel.WriteChunks();
        CodeFrame.End(kernel._code, windows);
        kernel.WriteData();
        return kernel._code.ToArray();
    }

    private void WriteChunks()
    {
        WriteLoads();
        var chunk = new CodeLabel();
        var block = new CodeLabel();
        _code.Align(64);
        _code.Bind(chunk);
        for (int at = 0; at < _facts.HeaderBytes; at += 64)
            _code.Prefetcht0(new CodeAddress(Scales, Ahead.Distance + at));
        _code.Mov(Block, Field(PanelCall.BlocksAt));
        _code.Align(64);
        _code.Bind(block);
        WriteBlock();
        _code.Sub(Block, 1);
        _code.Jnz(block);
        int blocks = PanelChunk.Inputs / 32 / _facts.Parts, groups = PanelChunk.Inputs / 32 * _facts.Groups;
        _code.Add(Scales, _facts.ChunkBytes - blocks * PanelFacts.ScaleBytes);
        _code.Add(Codes, _facts.HeaderBytes);
        if (_facts.HasMinimums)
            _code.Add(Minimums, _facts.ChunkBytes - blocks * PanelFacts.ScaleBytes);
        if (_facts.HasGroupScales)
            _code.Add(Integers, _facts.ChunkBytes - groups * PanelChunk.Outputs);
        if (_facts.HasGroupScales && _facts.HasMinimums)
            _code.Add(Floors, _facts.ChunkBytes - groups * PanelChunk.Outputs);
        _code.Sub(Field(PanelCall.ChunksAt), 1);
        _code.Jnz(chunk);
        WriteStores();
    }

    private void WriteLoads()
    {
        _code.Mov(Scales, Field(PanelCall.ScalesAt));
        _code.Mov(Minimums, Field(PanelCall.MinimumsAt));
        _code.Mov(Integers, Field(PanelCall.IntegersAt));
        _code.Mov(Floors, Field(PanelCall.FloorsAt));
        _code.Mov(Codes, Field(PanelCall.CodesAt));
        _code.Mov(Part, Field(PanelCall.YAt));
        foreach ((Gpr register, int field) in OfRows)
            _code.Mov(register, Field(field));
        for (int row = 0; row < _rows; row++)
            _code.Vmovups(Result(row), new CodeAddress(Part, row * RowBytes));
        if (_facts.CodeBits < 8)
            _code.Vpbroadcastd(Mask, new CodeAddress(_mask));
        if (_facts.CodeBits is 5 or 6)
            _code.Vpbroadcastd(UpperMask, new CodeAddress(_upperMask));
        if (_facts.Levels.Length > 0)
            _code.Vmovdqu32(Table, new CodeAddress(_table));
    }

    private void WriteStores()
    {
        _code.Mov(Part, Field(PanelCall.YAt));
        for (int row = 0; row < _rows; row++)
            _code.Vmovups(new CodeAddress(Part, row * RowBytes), Result(row));
        foreach ((Gpr register, int field) in OfRows)
            _code.Mov(Field(field), register);
    }

    private void WriteBlock()
    {
        _code.Vcvtph2ps(Scale, new CodeAddress(Scales));
        if (_facts.HasMinimums)
            _code.Vcvtph2ps(Minimum, new CodeAddress(Minimums));
        if (_facts.Parts == 1)
        {
            WritePart();
        }
        else
        {
            var part = new CodeLabel();
            _code.Mov(Part, Field(PanelCall.PartsAt));
            _code.Align(64);
            _code.Bind(part);
            WritePart();
            _code.Sub(Part, 1);
            _code.Jnz(part);
        }

        _code.Add(Scales, PanelFacts.ScaleBytes);
        if (_facts.HasMinimums)
            _code.Add(Minimums, PanelFacts.ScaleBytes);
    }

    /// <summary>32 inputs.</summary>
    private void WritePart()
    {
        for (int row = 0; row < _rows; row++)
        {
            _code.Vpbroadcastd(Sum(row, 0), OfRow(Starts, 0, row));
            if (_facts.Halves)
                _code.Vpbroadcastd(Sum(row, 1), OfRow(Starts, 1, row));
            else if (_split)
                _code.Vpxord(Sum(row, 1), Sum(row, 1), Sum(row, 1));
        }

        for (int step = 0; step < 4; step++)
            WriteTwoSteps(step);
        for (int group = 0; group < _facts.Groups; group++)
            WriteGroupScales(group);
        for (int row = 0; row < _rows; row++)
            WriteScaling(row);
        _code.Add(Codes, _facts.CodeBytes);
        _code.Add(X, 32 * _rows);
        _code.Add(Factors, sizeof(float) * _rows);
        _code.Add(Starts, _facts.Groups * sizeof(int) * _rows);
        if (_facts.HasMinimums)
            _code.Add(Sums, _facts.Groups * sizeof(float) * _rows);
        if (_facts.HasGroupScales)
            _code.Add(Integers, _facts.Groups * PanelChunk.Outputs);
        if (_facts.HasGroupScales && _facts.HasMinimums)
            _code.Add(Floors, _facts.Groups * PanelChunk.Outputs);
    }

    /// <summary>The steps j and j + 4, whose codes of less than 8 bits lie in the same bytes.</summary>
    private void WriteTwoSteps(int j)
    {
        for (int line = j; line < _facts.CodeBits; line += 4)
            _code.Prefetcht0(new CodeAddress(Codes, Ahead.Distance + line * StepBytes));
        if (_facts.CodeBits == 8)
        {
            _code.Vmovdqu32(Low, new CodeAddress(Codes, j * StepBytes));
            _code.Vmovdqu32(High, new CodeAddress(Codes, (j + 4) * StepBytes));
        }
        else
        {
            WriteOpening(j);
        }

        for (int row = 0; row < _rows; row++)
            _code.VpdpbusdBroadcast(Sum(row, 0), Low, new CodeAddress(X, (j * _rows + row) * 4));
        for (int row = 0; row < _rows; row++)
            _code.VpdpbusdBroadcast(Sum(row, _split ? 1 : 0), High, new CodeAddress(X, ((j + 4) * _rows + row) * 4));
    }

    private void WriteOpening(int j)
    {
        _code.Vmovdqu32(Both, new CodeAddress(Codes, j * StepBytes));
        _code.Vpandd(Low, Both, Mask);
        _code.Vpsrlw(High, Both, 4);
        _code.Vpandd(High, High, Mask);
        if (_facts.CodeBits == 6)
        {
            _code.Vmovdqu32(More, new CodeAddress(Codes, (4 + j % 2) * StepBytes));
            WriteUpper(Low, j / 2 * 2 - 4);
            WriteUpper(High, j / 2 * 2);
        }
        else if (_facts.CodeBits == 5)
        {
            _code.Vmovdqu32(More, new CodeAddress(Codes, 4 * StepBytes));
            WriteUpper(Low, j - 4);
            WriteUpper(High, j);
        }

        if (_facts.Levels.Length == 0)
            return;
        _code.Vpshufb(Low, Table, Low);
        _code.Vpshufb(High, Table, High);
    }

    /// <summary>Adds the upper bits, which are so many too high (too low if negative).</summary>
    private void WriteUpper(Zmm codes, int shift)
    {
        Zmm shifted = More;
        if (shift != 0)
        {
            shifted = Both;
            if (shift > 0)
                _code.Vpsrlw(Both, More, (byte)shift);
            else
                _code.Vpsllw(Both, More, (byte)-shift);
        }

        _code.Vpternlogd(codes, shifted, UpperMask, OrMasked);
    }

    private void WriteGroupScales(int group)
    {
        if (!_facts.HasGroupScales)
            return;
        _code.Vpmovsxbd(GroupScale[group], new CodeAddress(Integers, group * PanelChunk.Outputs));
        _code.Vcvtdq2ps(GroupScale[group], GroupScale[group]);
        _code.Vmulps(GroupScale[group], Scale, GroupScale[group]);
        if (!_facts.HasMinimums)
            return;
        _code.Vpmovzxbd(GroupMinimum[group], new CodeAddress(Floors, group * PanelChunk.Outputs));
        _code.Vcvtdq2ps(GroupMinimum[group], GroupMinimum[group]);
        _code.Vmulps(GroupMinimum[group], Minimum, GroupMinimum[group]);
    }

    private void WriteScaling(int row)
    {
        if (_split && !_facts.Halves)
            _code.Vpaddd(Sum(row, 0), Sum(row, 0), Sum(row, 1));
        for (int group = 0; group < _facts.Groups; group++)
        {
            Zmm scale = _facts.HasGroupScales ? GroupScale[group] : Scale;
            Zmm minimum = _facts.HasGroupScales ? GroupMinimum[group] : Minimum;
            _code.VmulpsBroadcast(Passing, scale, OfRow(Factors, 0, row));
            _code.Vcvtdq2ps(Sum(row, group), Sum(row, group));
            _code.Vfmadd231ps(Result(row), Passing, Sum(row, group));
            if (_facts.HasMinimums)
                _code.Vfmadd231psBroadcast(Result(row), minimum, OfRow(Sums, group, row));
        }
    }

    private void WriteData()
    {
        _code.Align(64);
        if (_facts.Levels.Length > 0)
        {
            _code.Bind(_table);
            for (int quarter = 0; quarter < 4; quarter++)
                _code.Data(_facts.Levels);
        }

        if (_facts.CodeBits < 8)
        {
            _code.Bind(_mask);
            _code.Data([0x0F, 0x0F, 0x0F, 0x0F]);
        }

        if (_facts.CodeBits is 5 or 6)
        {
            byte upper = _facts.CodeBits == 6 ? (byte)0x30 : (byte)0x10;
            _code.Bind(_upperMask);
            _code.Data([upper, upper, upper, upper]);
        }
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);

    private CodeAddress OfRow(Gpr start, int group, int row) => new(start, (group * _rows + row) * sizeof(float));

    private static Zmm Sum(int row, int half) => new(half * 6 + row);

    private static Zmm Result(int row) => new(12 + row);
}
