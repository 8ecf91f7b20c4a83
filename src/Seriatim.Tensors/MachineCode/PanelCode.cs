namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernel of <see cref="PanelRow{TFormat}"/> as machine code for AVX512-VNNI: one tile of rows against a packed panel,
/// whose codes go from their planes to the products in registers, chunk after chunk in one call.
/// </summary>
/// <remarks>
/// The order of all that is rounded is that of <see cref="DotTile{T}"/>. Sums are in the registers 0 to 11, results in 12 to 17;
/// the others are those of <see cref="PanelOpening"/>.
/// </remarks>
internal sealed class PanelCode
{
    private const int RowBytes = sizeof(float) * PanelChunk.Outputs;
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

    private readonly Assembler _code = new();
    private readonly PanelOpening _opening;
    private readonly PanelFacts _facts;
    private readonly int _rows;
    private readonly bool _split;

    private PanelCode(PanelFacts facts, int rows)
    {
        (_facts, _rows, _opening) = (facts, rows, new PanelOpening(_code, facts));
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
        kernel._opening.WriteData();
        return kernel._code.ToArray();
    }

    private void WriteChunks()
    {
        _opening.WriteLoads();
        foreach ((Gpr register, int field) in OfRows)
            _code.Mov(register, Field(field));
        _code.Mov(Part, Field(PanelCall.YAt));
        for (int row = 0; row < _rows; row++)
            _code.Vmovups(Result(row), new CodeAddress(Part, row * RowBytes));
        var chunk = new CodeLabel();
        var block = new CodeLabel();
        _code.Align(64);
        _code.Bind(chunk);
        _opening.WriteHeaderRequest();
        _code.Mov(Block, Field(PanelCall.BlocksAt));
        _code.Align(64);
        _code.Bind(block);
        WriteBlock();
        _code.Sub(Block, 1);
        _code.Jnz(block);
        _opening.WriteNextChunk();
        _code.Sub(Field(PanelCall.ChunksAt), 1);
        _code.Jnz(chunk);
        _code.Mov(Part, Field(PanelCall.YAt));
        for (int row = 0; row < _rows; row++)
            _code.Vmovups(new CodeAddress(Part, row * RowBytes), Result(row));
        foreach ((Gpr register, int field) in OfRows)
            _code.Mov(Field(field), register);
    }

    private void WriteBlock()
    {
        _opening.WriteBlockScales();
        if (_facts.Parts == 1)
        {
            WritePart();
            return;
        }

        var part = new CodeLabel();
        _code.Mov(Part, Field(PanelCall.PartsAt));
        _code.Align(64);
        _code.Bind(part);
        WritePart();
        _code.Sub(Part, 1);
        _code.Jnz(part);
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
        _opening.WriteGroupScales();
        for (int row = 0; row < _rows; row++)
            WriteScaling(row);
        _opening.WriteNextGroup();
        _code.Add(X, 32 * _rows);
        _code.Add(Factors, sizeof(float) * _rows);
        _code.Add(Starts, _facts.Groups * sizeof(int) * _rows);
        if (_facts.HasMinimums)
            _code.Add(Sums, _facts.Groups * sizeof(float) * _rows);
    }

    private void WriteTwoSteps(int j)
    {
        _opening.WriteTwoSteps(j, PanelOpening.Low, PanelOpening.High);
        for (int row = 0; row < _rows; row++)
            _code.VpdpbusdBroadcast(Sum(row, 0), PanelOpening.Low, new CodeAddress(X, (j * _rows + row) * 4));
        for (int row = 0; row < _rows; row++)
        {
            var bytes = new CodeAddress(X, ((j + 4) * _rows + row) * 4);
            _code.VpdpbusdBroadcast(Sum(row, _split ? 1 : 0), PanelOpening.High, bytes);
        }
    }

    private void WriteScaling(int row)
    {
        if (_split && !_facts.Halves)
            _code.Vpaddd(Sum(row, 0), Sum(row, 0), Sum(row, 1));
        for (int group = 0; group < _facts.Groups; group++)
        {
            _code.VmulpsBroadcast(PanelOpening.Passing, _opening.Scale(group), OfRow(Factors, 0, row));
            _code.Vcvtdq2ps(Sum(row, group), Sum(row, group));
            _code.Vfmadd231ps(Result(row), PanelOpening.Passing, Sum(row, group));
            if (_facts.HasMinimums)
                _code.Vfmadd231psBroadcast(Result(row), _opening.Minimum(group), OfRow(Sums, group, row));
        }
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);

    private CodeAddress OfRow(Gpr start, int group, int row) => new(start, (group * _rows + row) * sizeof(float));

    private static Zmm Sum(int row, int half) => new(half * 6 + row);

    private static Zmm Result(int row) => new(12 + row);
}
