namespace Seriatim.Tensors;

/// <summary>
/// Up to four tiles of rows against a packed panel, chunk after chunk of 256 inputs in one call: the codes of 32 inputs are
/// opened into eight registers and meet all rows, whose running results stay in the first cache.
/// </summary>
/// <remarks>
/// Between <see cref="PanelCode"/>, whose results are in registers, and <see cref="TileCode"/>, for which chunks are opened in
/// memory: that pays from some 24 rows on. The order of all that is rounded is that of <see cref="DotTile{T}"/>. Codes are in the
/// registers 0 to 7, sums in 8 to 13, results in 14 to 17; the others are those of <see cref="PanelOpening"/>.
/// </remarks>
internal sealed class PanelTilesCode
{
    /// <summary>The most tiles of six rows.</summary>
    public const int MostSixes = 4;

    private const int Six = QuantizedRows.MaxTileRows;
    private const int Groups32 = PanelChunk.Inputs / 32;
    private const int RowBytes = sizeof(float) * PanelChunk.Outputs;
    private const Gpr Y = Gpr.R15; // and what has to be there for a moment

    /// <summary>Where the rows of six lie, and those of the last tile: codes, factors, starts, sums.</summary>
    private static readonly RowRegisters Sixes = new(Gpr.R10, Gpr.R11, Gpr.Rbx, Gpr.Rbp, PanelCall.XAt);

    private static readonly RowRegisters Last = new(Gpr.R9, Gpr.R12, Gpr.R13, Gpr.R14, PanelCall.LastXAt);

    private readonly Assembler _code = new();
    private readonly PanelOpening _opening;
    private readonly PanelFacts _facts;
    private readonly int _sixes;
    private readonly int _last;

    private PanelTilesCode(PanelFacts facts, int sixes, int last) =>
        (_facts, _sixes, _last, _opening) = (facts, sixes, last, new PanelOpening(_code, facts));

    private int Rows => Six * _sixes + _last;

    /// <summary>Writes a kernel, to be called with a <see cref="PanelCall"/>.</summary>
    /// <param name="facts">The format, whose blocks have 32 or 256 values.</param>
    /// <param name="sixes">Tiles of 6 rows, 1 to <see cref="MostSixes"/>.</param>
    /// <param name="last">Rows of the last tile: 1, 2 or 4; 0 if there is none with fewer than 6.</param>
    /// <param name="windows">For which convention of calls.</param>
    public static byte[] Write(PanelFacts facts, int sixes, int last, bool windows)
    {
        var kernel = new PanelTilesCode(facts, sixes, last);
        CodeFrame.Begin(kernel._code, windows);
        kernel.WriteChunks();
        CodeFrame.End(kernel._code, windows);
        kernel._opening.WriteData();
        return kernel._code.ToArray();
    }

    private void WriteChunks()
    {
        _opening.WriteLoads();
        Sixes.WriteLoads(_code);
        if (_last > 0)
            Last.WriteLoads(_code);
        var chunk = new CodeLabel();
        var group = new CodeLabel();
        _code.Align(64);
        _code.Bind(chunk);
        _opening.WriteHeaderRequest();
        if (_facts.Parts > 1)
            _opening.WriteBlockScales();
        _code.Mov(Y, Field(PanelCall.BlocksAt));
        _code.Mov(Field(PanelCall.LeftAt), Y);
        _code.Mov(Y, Field(PanelCall.YAt));
        _code.Align(64);
        _code.Bind(group);
        WriteGroup();
        _code.Sub(Field(PanelCall.LeftAt), 1);
        _code.Jnz(group);
        _opening.WriteNextChunk();
        Sixes.WriteAdd(_code, (Rows - Six) * Groups32, _facts);
        if (_last > 0)
            Last.WriteAdd(_code, (Rows - _last) * Groups32, _facts);
        _code.Sub(Field(PanelCall.ChunksAt), 1);
        _code.Jnz(chunk);
        Sixes.WriteStores(_code);
        if (_last > 0)
            Last.WriteStores(_code);
    }

    /// <summary>32 inputs.</summary>
    private void WriteGroup()
    {
        if (_facts.Parts == 1)
            _opening.WriteBlockScales();
        for (int step = 0; step < 4; step++)
            _opening.WriteTwoSteps(step, new Zmm(step), new Zmm(step + 4));
        _opening.WriteGroupScales();
        for (int tile = 0; tile < _sixes; tile++)
            WriteTile(Sixes, Six, tile);
        if (_last > 0)
            WriteTile(Last, _last, 0);
        _opening.WriteNextGroup();
        Sixes.WriteAdd(_code, Six, _facts);
        if (_last > 0)
            Last.WriteAdd(_code, _last, _facts);
    }

    private void WriteTile(RowRegisters x, int rows, int tile)
    {
        int steps = 8 / _facts.Groups, before = tile * Six * Groups32;
        int firstResult = (rows == Six ? tile : _sixes) * Six;
        for (int group = 0; group < _facts.Groups; group++)
        {
            int at = (before * _facts.Groups + group * rows) * sizeof(float);
            for (int row = 0; row < rows; row++)
                _code.Vpbroadcastd(Sum(row), new CodeAddress(x.Starts, at + row * sizeof(int)));
            for (int step = group * steps; step < (group + 1) * steps; step++)
            {
                for (int row = 0; row < rows; row++)
                {
                    var bytes = new CodeAddress(x.Codes, before * 32 + (step * rows + row) * 4);
                    _code.VpdpbusdBroadcast(Sum(row), new Zmm(step), bytes);
                }
            }

            for (int row = 0; row < rows; row++)
            {
                var y = new CodeAddress(Y, (firstResult + row) * RowBytes);
                var total = new CodeAddress(x.Sums, at + row * sizeof(float));
                var result = new Zmm(14 + row % 4);
                _code.VmulpsBroadcast(
                    PanelOpening.Passing, _opening.Scale(group), new CodeAddress(x.Factors, (before + row) * sizeof(float)));
                _code.Vmovups(result, y);
                _code.Vcvtdq2ps(Sum(row), Sum(row));
                _code.Vfmadd231ps(result, PanelOpening.Passing, Sum(row));
                if (_facts.HasMinimums)
                    _code.Vfmadd231psBroadcast(result, _opening.Minimum(group), total);
                _code.Vmovups(y, result);
            }
        }
    }

    private static CodeAddress Field(int offset) => new(CodeFrame.Argument, offset);

    private static Zmm Sum(int row) => new(8 + row);

    /// <summary>The registers that walk through rows; their fields follow one another.</summary>
    private sealed record RowRegisters(Gpr Codes, Gpr Factors, Gpr Starts, Gpr Sums, int FirstField)
    {
        private Gpr[] All => [Codes, Factors, Starts, Sums];

        public void WriteLoads(Assembler code)
        {
            for (int i = 0; i < All.Length; i++)
                code.Mov(All[i], Field(FirstField + 8 * i));
        }

        public void WriteStores(Assembler code)
        {
            for (int i = 0; i < All.Length; i++)
                code.Mov(Field(FirstField + 8 * i), All[i]);
        }

        /// <summary>Goes on by so many times 32 inputs of a row.</summary>
        public void WriteAdd(Assembler code, int blocks, PanelFacts facts)
        {
            if (blocks == 0)
                return;
            code.Add(Codes, 32 * blocks);
            code.Add(Factors, sizeof(float) * blocks);
            code.Add(Starts, facts.Groups * sizeof(int) * blocks);
            if (facts.HasMinimums)
                code.Add(Sums, facts.Groups * sizeof(float) * blocks);
        }
    }
}
