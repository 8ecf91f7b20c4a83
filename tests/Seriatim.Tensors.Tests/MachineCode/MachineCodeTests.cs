using System.Globalization;

namespace Seriatim.Tensors.Tests;

/// <summary>
/// Kernels of machine code: right by their own check, on both conventions of calls; memory that is never writable and executable;
/// reasons in words where there are none. What products give is compared in <see cref="QuantizedProductTests"/>.
/// </summary>
public sealed unsafe class MachineCodeTests
{
    public static TheoryData<int> Shapes => [.. Enumerable.Range(0, TileShape.Count)];

    [Fact]
    public void Shapes_are_numbered_in_their_order() =>
        Assert.All(Enumerable.Range(0, TileShape.Count), index => Assert.Equal(index, TileShape.At(index).Index));

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Tiles_are_right_on_both_conventions(int index)
    {
        if (!CanRun)
            return;
        TileShape shape = TileShape.At(index);
        Assert.True(TileCheck.IsRight(shape, Placed(TileCode.Write(shape, windows: false))), $"{shape}");
        Assert.True(TileCheck.IsRight(shape, Placed(FromWindows(TileCode.Write(shape, windows: true)))), $"{shape}, Windows");
    }

    [Fact]
    public void The_check_sees_a_kernel_that_is_not_right()
    {
        if (!CanRun)
            return;
        foreach (int rows in (int[])[1, 2, 4, 6])
        {
            nint without = Placed(TileCode.Write(new TileShape(rows, 1, false, false), windows: false));
            Assert.False(TileCheck.IsRight(new TileShape(rows, 1, false, true), without));
            Assert.False(TileCheck.IsRight(new TileShape(rows, 2, false, false), without));
        }

        nint nothing = Placed([0xC3]);
        Assert.False(TileCheck.IsRight(new TileShape(6, 2, false, false), nothing));
        Assert.False(PanelCheck.IsRight<Q4_0>(4, nothing));
        PanelFacts noMinimums = PanelFacts.Of<Q4_K>()! with { HasMinimums = false };
        Assert.False(PanelCheck.IsRight<Q4_K>(1, Placed(PanelCode.Write(noMinimums, 1, windows: false))));
    }

    [Fact]
    public void Panels_are_right_on_both_conventions()
    {
        CheckPanels<Q8_0>();
        CheckPanels<Q4_0>();
        CheckPanels<Q4_1>();
        CheckPanels<Q5_0>();
        CheckPanels<Q5_1>();
        CheckPanels<Q4_K>();
        CheckPanels<Q5_K>();
        CheckPanels<Q6_K>();
        CheckPanels<IQ4_NL>();
        CheckPanels<IQ4_XS>();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Halves_are_right_on_both_conventions(int rows)
    {
        if (MachineCode.RefusalOf(null) is not null)
            return;
        Assert.True(HalfCheck.IsRight(rows, Placed(HalfCode.Write(rows, windows: false))), $"{rows}");
        Assert.True(HalfCheck.IsRight(rows, Placed(FromWindows(HalfCode.Write(rows, windows: true)))), $"{rows}, Windows");
        Assert.False(HalfCheck.IsRight(rows, Placed([0xC3])));
        Assert.True(HalfCheck.Widens(Placed(HalfCode.WriteWidening(windows: false))));
        Assert.True(HalfCheck.Widens(Placed(FromWindows(HalfCode.WriteWidening(windows: true)))), "Windows");
        Assert.False(HalfCheck.Widens(Placed([0xC3])));
    }

    [Fact]
    public void Formats_with_scales_of_their_own_have_no_kernel_of_panels()
    {
        Assert.Null(PanelFacts.Of<NVFP4>());
        Assert.Null(PanelFacts.Of<MXFP4>());
        Assert.Null(PanelFacts.Of<IQ2_S>());
        Assert.Null(PanelFacts.Of<Q2_K>());
    }

    [Fact]
    public void Code_lies_in_memory_that_cannot_be_written()
    {
        if (!OperatingSystem.IsLinux() || !CanRun)
            return;
        nint at = Placed([0xC3]);
        string line = File.ReadLines("/proc/self/maps").Single(map =>
        {
            string[] range = map.Split(' ')[0].Split('-');
            return at >= Address(range[0]) && at < Address(range[1]);
        });
        Assert.Equal("r-xp", line.Split(' ')[1]);
    }

    /// <summary>A processor that is not what it says: the kernel is never used, and the reason is said once.</summary>
    [Fact]
    public void A_kernel_that_is_not_right_is_refused_and_said()
    {
        if (!CanRun || !MachineCode.IsOn)
            return;
        var reasons = new List<string>();
        var shape = new TileShape(2, 1, false, false);
        var table = new KernelTable(
            "tests", 2, (index, windows) => index == 0 ? [0xC3] : TileCode.Write(shape, windows),
            (_, kernel) => TileCheck.IsRight(shape, kernel), reasons.Add);
        Assert.Equal(0, table.Find(0));
        Assert.Equal(0, table.Find(0));
        Assert.Equal(["kernel 0 of tests gave other results than managed code"], reasons);
        Assert.NotEqual(0, table.Find(1));
        Assert.Equal(table.Find(1), table.Find(1));
    }

    [Fact]
    public void The_switch_and_what_it_does_not_know_are_said()
    {
        Assert.Equal("SERIATIM_MACHINE_CODE is 0", MachineCode.RefusalOf("0"));
        Assert.Equal("SERIATIM_MACHINE_CODE is yes; it must be 0 or 1", MachineCode.RefusalOf("yes"));
        Assert.Equal(MachineCode.RefusalOf(null), MachineCode.RefusalOf("1"));
        Assert.Equal(MachineCode.IsOn, MachineCode.Description.StartsWith("on: ", StringComparison.Ordinal));
        Assert.Equal(MachineCode.IsOn && CanRun, DotKinds.Supported.Contains(DotKind.Code));
    }

    /// <summary>Whether the machine can run the kernels, even if they are switched off.</summary>
    private static bool CanRun => MachineCode.RefusalOf(null) is null && MachineCode.HasByteProducts;

    private static void CheckPanels<TFormat>()
        where TFormat : struct, IBlockFormat
    {
        if (!CanRun)
            return;
        foreach (int rows in (int[])[1, 2, 4, 6])
        {
            PanelFacts facts = PanelFacts.Of<TFormat>()!;
            nint kernel = Placed(PanelCode.Write(facts, rows, windows: false));
            Assert.True(PanelCheck.IsRight<TFormat>(rows, kernel), $"{facts}, {rows}");
            kernel = Placed(FromWindows(PanelCode.Write(facts, rows, windows: true)));
            Assert.True(PanelCheck.IsRight<TFormat>(rows, kernel), $"{facts}, {rows}, Windows");
        }

        for (int sixes = 1; sixes <= PanelTilesCode.MostSixes; sixes++)
        {
            foreach (int last in (int[])[0, 1, 2, 4])
            {
                PanelFacts facts = PanelFacts.Of<TFormat>()!;
                foreach (bool windows in (bool[])[false, true])
                {
                    byte[] code = PanelTilesCode.Write(facts, sixes, last, windows);
                    nint kernel = Placed(windows ? FromWindows(code) : code);
                    int rows = sixes * QuantizedRows.MaxTileRows + last;
                    // One tile of six alone is for the other kind, whose check it would be.
                    bool isRight = rows == QuantizedRows.MaxTileRows || PanelCheck.IsRight<TFormat>(rows, kernel);
                    Assert.True(isRight, $"{facts}, {rows}, {windows}");
                }
            }
        }
    }

    private static nint Placed(byte[] code)
    {
        byte* at = ExecutableMemory.TryPlace(code, out string? refusal);
        Assert.Null(refusal);
        return (nint)at;
    }

    /// <summary>A kernel for Windows, called from elsewhere: its argument is expected in rcx.</summary>
    private static byte[] FromWindows(byte[] kernel)
    {
        if (OperatingSystem.IsWindows())
            return kernel;
        var assembler = new Assembler();
        assembler.Mov(Gpr.Rcx, Gpr.Rdi);
        // Data in the code is reached relative to it, and loops are aligned: both stay as they are.
        assembler.Align(64);
        assembler.Data(kernel);
        return assembler.ToArray();
    }

    private static nint Address(string hex) => nint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
