namespace Seriatim.Tensors;

/// <summary>
/// The micro-kernel of <see cref="DotTile{T}"/> as machine code for AVX512-VNNI, which .NET has no name for: one instruction
/// multiplies 64 bytes and adds fours of products to 16 sums. Rows of a tile times one or two panels; running results and sums
/// stay in registers for a whole chunk.
/// </summary>
/// <remarks>
/// The order of all that is rounded is that of <see cref="DotTile{T}"/>: for each group
/// <c>y = fma(scale · d, (float)sum, y)</c>, then <c>y = fma(minimum, d Σ x, y)</c>. Of 32 registers 6 rows and two panels take
/// 24 for sums and results, 2 for codes, 2 for what is passing, 4 for scales and minimums.
/// </remarks>
internal sealed class TileCode
{
    private const int StepBytes = 4 * PanelChunk.Outputs;
    private const int RowBytes = sizeof(float) * PanelChunk.Outputs;
    private const int GroupBytes = sizeof(float) * PanelChunk.Outputs;
    private const Gpr X = Gpr.R10;
    private const Gpr Factors = Gpr.R11;
    private const Gpr Starts = Gpr.Rbx;
    private const Gpr Sums = Gpr.Rbp;
    private const Gpr Count = Gpr.R12;
    private const Gpr Soon = Gpr.R13;
    private const Gpr Stride = Gpr.R14;
    private const Gpr Later = Gpr.R15;

    private static readonly Gpr[] Codes = [Gpr.Rax, Gpr.Rcx];
    private static readonly Gpr[] Scales = [Gpr.Rdx, Gpr.Rsi];
    private static readonly Gpr[] Minimums = [Gpr.R8, Gpr.R9];

    private readonly Assembler _code = new();
    private readonly TileShape _shape;

    private TileCode(TileShape shape) => _shape = shape;

    /// <summary>Writes a kernel, to be called with a <see cref="TileCall"/>.</summary>
    public static byte[] Write(TileShape shape, bool windows)
    {
        var kernel = new TileCode(shape);
        Assembler code = kernel._code;
        CodeFrame.Begin(code, windows);
        kernel.WriteTiles();
        CodeFrame.End(code, windows);
        return code.ToArray();
    }

    /// <summary>The first tile asks for weights that come soon; the others do not ask again.</summary>
    private void WriteTiles()
    {
        _code.Mov(X, Field(TileCall.XAt));
        _code.Mov(Factors, Field(TileCall.FactorsAt));
        _code.Mov(Starts, Field(TileCall.StartsAt));
        _code.Mov(Sums, Field(TileCall.SumsAt));
        _code.Mov(Soon, Field(TileCall.SoonAt));
        _code.Mov(Stride, Field(TileCall.StrideAt));
        _code.Mov(Later, Field(TileCall.LaterAt));
        var next = new CodeLabel();
        var done = new CodeLabel();
        WriteTile(asks: true);
        _code.Sub(Field(TileCall.TilesAt), 1);
        _code.Jz(done);
        _code.Align(64);
        _code.Bind(next);
        WriteTile(asks: false);
        _code.Sub(Field(TileCall.TilesAt), 1);
        _code.Jnz(next);
        _code.Bind(done);
        _code.Mov(Field(TileCall.XAt), X);
        _code.Mov(Field(TileCall.FactorsAt), Factors);
        _code.Mov(Field(TileCall.StartsAt), Starts);
        _code.Mov(Field(TileCall.SumsAt), Sums);
    }

    private void WriteTile(bool asks)
    {
        for (int panel = 0; panel < _shape.Panels; panel++)
        {
            int at = panel * TileCall.SecondAt;
            _code.Mov(Codes[panel], Field(at + TileCall.CodesAt));
            _code.Mov(Scales[panel], Field(at + TileCall.ScalesAt));
            if (_shape.Minimums)
                _code.Mov(Minimums[panel], Field(at + TileCall.MinimumsAt));
            _code.Mov(Count, Field(Results(panel)));
            for (int row = 0; row < _shape.Rows; row++)
                _code.Vmovups(Result(row, panel), new CodeAddress(Count, row * RowBytes));
        }

        _code.Mov(Count, Field(TileCall.Groups32At));
        var group = new CodeLabel();
        _code.Align(64);
        _code.Bind(group);
        WriteGroup32(asks);
        _code.Sub(Count, 1);
        _code.Jnz(group);
        for (int panel = 0; panel < _shape.Panels; panel++)
        {
            _code.Mov(Count, Field(Results(panel)));
            for (int row = 0; row < _shape.Rows; row++)
                _code.Vmovups(new CodeAddress(Count, row * RowBytes), Result(row, panel));
            _code.Add(Field(Results(panel)), _shape.Rows * RowBytes);
        }
    }

    /// <summary>32 inputs, which are one group or two with a factor in common.</summary>
    private void WriteGroup32(bool asks)
    {
        int groups = _shape.Halves ? 2 : 1, steps = 8 / groups;
        for (int group = 0; group < groups; group++)
        {
            WriteStarts(group);
            for (int step = group * steps; step < (group + 1) * steps; step++)
                WriteStep(step, asks);
            WriteScaling(group);
        }

        for (int panel = 0; panel < _shape.Panels; panel++)
        {
            _code.Add(Codes[panel], 8 * StepBytes);
            _code.Add(Scales[panel], groups * GroupBytes);
            if (_shape.Minimums)
                _code.Add(Minimums[panel], groups * GroupBytes);
        }

        _code.Add(X, 32 * _shape.Rows);
        _code.Add(Factors, sizeof(float) * _shape.Rows);
        _code.Add(Starts, groups * sizeof(int) * _shape.Rows);
        if (_shape.Minimums)
            _code.Add(Sums, groups * sizeof(float) * _shape.Rows);
    }

    private void WriteStarts(int group)
    {
        for (int row = 0; row < _shape.Rows; row++)
        {
            _code.Vpbroadcastd(Sum(row, 0), OfRow(Starts, group, row));
            if (_shape.Panels == 2)
                _code.Vmovdqa32(Sum(row, 1), Sum(row, 0));
        }
    }

    private void WriteStep(int step, bool asks)
    {
        for (int panel = 0; panel < _shape.Panels; panel++)
            _code.Vmovdqu32(Four(panel), new CodeAddress(Codes[panel], step * StepBytes));
        if (asks)
        {
            _code.Prefetcht0(new CodeAddress(Soon));
            if (_shape.Panels == 2)
                _code.Prefetcht0(new CodeAddress(Soon, 0, Later));
            _code.Add(Soon, Stride);
        }

        for (int row = 0; row < _shape.Rows; row++)
        {
            var bytes = new CodeAddress(X, (step * _shape.Rows + row) * 4);
            if (_shape.Panels == 1)
            {
                _code.VpdpbusdBroadcast(Sum(row, 0), Four(0), bytes);
                continue;
            }

            // Read once for both panels.
            _code.Vpbroadcastd(Passing(row), bytes);
            _code.Vpdpbusd(Sum(row, 0), Four(0), Passing(row));
            _code.Vpdpbusd(Sum(row, 1), Four(1), Passing(row));
        }
    }

    private void WriteScaling(int group)
    {
        for (int panel = 0; panel < _shape.Panels; panel++)
        {
            _code.Vmovups(Scale(panel), new CodeAddress(Scales[panel], group * GroupBytes));
            if (_shape.Minimums)
                _code.Vmovups(Minimum(panel), new CodeAddress(Minimums[panel], group * GroupBytes));
        }

        for (int row = 0; row < _shape.Rows; row++)
        {
            for (int panel = 0; panel < _shape.Panels; panel++)
            {
                Zmm sum = Sum(row, panel), result = Result(row, panel);
                // Two groups of 16 share the factor of 32.
                _code.VmulpsBroadcast(Passing(panel), Scale(panel), OfRow(Factors, 0, row));
                _code.Vcvtdq2ps(sum, sum);
                _code.Vfmadd231ps(result, Passing(panel), sum);
                if (_shape.Minimums)
                    _code.Vfmadd231psBroadcast(result, Minimum(panel), OfRow(Sums, group, row));
            }
        }
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);

    private static int Results(int panel) => panel == 0 ? TileCall.YAt : TileCall.ZAt;

    private CodeAddress OfRow(Gpr start, int group, int row) => new(start, (group * _shape.Rows + row) * sizeof(float));

    private Zmm Sum(int row, int panel) => new(panel * _shape.Rows + row);

    private Zmm Result(int row, int panel) => new((_shape.Panels + panel) * _shape.Rows + row);

    private static Zmm Four(int panel) => new(24 + panel);

    private static Zmm Passing(int number) => new(26 + number % 2);

    private static Zmm Scale(int panel) => new(28 + panel);

    private static Zmm Minimum(int panel) => new(30 + panel);
}
