namespace Seriatim.Tensors.Tests;

/// <summary>
/// Where tests guard memory, a write beyond a part of it is noticed: scratch, packed blocks, pages of keys and values.
/// </summary>
public sealed unsafe class CanaryTests
{
    public static TheoryData<BlockType> Blocks => [.. BlockFormats.All];

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, -1)]
    [InlineData(1, 10)]
    [InlineData(1, 25)]
    [InlineData(2, 0)]
    [InlineData(2, 10)]
    public void A_write_outside_scratch_fails_the_run(int threads, int at)
    {
        using var team = new WorkerTeam(threads);
        var work = new ScratchWork { Team = team, At = at };
        if (at == 0)
        {
            Guarded(() => team.Run(8, ref work));
            return;
        }

        string message = Assert.Throws<InvalidOperationException>(() => Guarded(() => team.Run(8, ref work))).Message;
        Assert.Contains("part 1 of 3 of its scratch memory, 40 bytes", message);

        // Nothing is left of it.
        work.At = 0;
        Guarded(() => team.Run(8, ref work));
        team.Run(8, ref work);
    }

    [Fact]
    public void Scratch_of_several_parts_grows_and_stays()
    {
        using var scratch = new Scratch();
        for (int round = 0; round < 4; round++)
        {
            float*[] parts = new float*[6];
            scratch.Begin(guarded: false);
            for (int i = 0; i < parts.Length; i++)
            {
                parts[i] = scratch.Take(1000 * i + 1);
                Assert.Equal(0, (nint)parts[i] % TensorPool.Alignment);
                new Span<float>(parts[i], 1000 * i + 1).Fill(i);
            }

            for (int i = 0; i < parts.Length; i++)
                Assert.Equal(-1, new Span<float>(parts[i], 1000 * i + 1).IndexOfAnyExcept(i));
            // From the second round on they lie in one piece.
            for (int i = 1; i < parts.Length && round > 0; i++)
                Assert.Equal((1000 * (i - 1) + 16) / 16 * 16, parts[i] - parts[i - 1]);
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(100)]
    [InlineData(191)]
    public void A_write_outside_a_piece_of_a_block_fails_its_end(int at)
    {
        string message = Assert.Throws<InvalidOperationException>(() => Guarded(() =>
        {
            using var block = new NativeBlock(100, 3);
            block.Pointer[block.Stride + at] = 1;
        })).Message;
        Assert.Contains("of 3 of 100 bytes", message);
        Guarded(() =>
        {
            using var block = new NativeBlock(100, 3);
            for (int i = 0; i < 3; i++)
                new Span<byte>(block.Pointer + i * block.Stride, 100).Clear();
        });
    }

    [Theory]
    [InlineData(KeyValueType.F32)]
    [InlineData(KeyValueType.F16)]
    [InlineData(KeyValueType.Q8)]
    public void A_write_outside_a_page_fails_the_end_of_its_pool(KeyValueType type)
    {
        float* row = stackalloc float[64];
        nint rows = (nint)row;
        Guarded(() =>
        {
            using var pool = new KeyValuePool(2, 3, 24, 4, 5, type);
            for (int page = 0; page < 5; page++)
            {
                for (int head = 0; head < 6; head++)
                    pool.Store(page, head / 3, head % 3, 3, (float*)rows, (float*)rows);
            }

            pool.CopyPage(1, 4);
            pool.CopyPosition(0, 3, 2, 0);
        });
        string message = Assert.Throws<InvalidOperationException>(() => Guarded(() =>
        {
            using var pool = new KeyValuePool(2, 3, 24, 4, 5, type);
            pool.Value(1, 1, 2, 4)[0] = 0; // the slot behind the last of the last head
        })).Message;
        Assert.Contains("outside piece 1 of 5", message);
    }

    /// <summary>Packing, opening and multiplying stay within panels, rows of blocks and scratch.</summary>
    [Theory]
    [MemberData(nameof(Blocks))]
    public void Products_stay_within_their_blocks(BlockType type)
    {
        float[] values = BlockFormatTests.Normal(35 * 512, 3);
        foreach (int rows in (int[])[1, 5, 28])
        {
            foreach (QuantizedPlacement placement in (QuantizedPlacement[])[QuantizedPlacement.Packed, QuantizedPlacement.Rows])
            {
                foreach (LaneWidth width in Enum.GetValues<LaneWidth>())
                {
                    Guarded(() =>
                    {
                        using var matrix = QuantizedMatrix.Encode(
                            "w", type, 35, 512, placement, (row, to) => values.AsSpan(row * 512, 512).CopyTo(to));
                        using LinearWeight weight = LinearWeight.FromBlocks(matrix);
                        using Tensor x = Tensor.From(BlockFormatTests.Normal(rows * 512, 4), rows, 512);
                        using IDifferentiableOps cpu = CpuOps.Create(1, width);
                        using Tensor y = cpu.Linear(x, weight);
                        foreach (float value in y.Span)
                            Assert.True(float.IsFinite(value), $"{placement}, {width}, {rows} rows");
                    });
                }
            }
        }
    }

    /// <summary>
    /// Attention over pages with canaries between them, and over memory that is NaN until it is written, gives the same bits.
    /// </summary>
    [Theory]
    [InlineData(0, LaneWidth.Bits512, 4)]
    [InlineData(1, LaneWidth.Bits256, 1)]
    [InlineData(2, LaneWidth.Bits128, 16)]
    [InlineData(3, LaneWidth.Bits512, 64)]
    [InlineData(4, LaneWidth.Bits256, 4)]
    public void Attention_stays_within_its_pages(int spec, LaneWidth width, int page)
    {
        Guarded(() => new AttentionMemoryTests().Chunks_and_pages_do_not_show(spec, width, page));
        Guarded(() => new AttentionMemoryTests().A_path_of_a_tree_equals_plain_decoding(spec, width, page));
    }

    [Theory]
    [MemberData(nameof(KeyValueTypeTests.Cases), MemberType = typeof(KeyValueTypeTests))]
    public void Attention_stays_within_smaller_pages(KeyValueType type, int spec, LaneWidth width) =>
        Guarded(() => new KeyValueTypeTests().Pages_hold_what_was_rounded(type, spec, width));

    private static void Guarded(Action action)
    {
        TensorPool.Guarded = true;
        try
        {
            action();
        }
        finally
        {
            TensorPool.Guarded = false;
        }
    }

    private struct ScratchWork : IWork
    {
        public WorkerTeam Team;
        public int At;

        public readonly void Do(int piece, int worker)
        {
            Scratch scratch = Team.ScratchOf(worker);
            float* first = scratch.Take(7), second = scratch.Take(10), third = scratch.Take(1);
            new Span<float>(first, 7).Clear();
            new Span<float>(second, 10).Clear();
            third[0] = 1;
            if (piece == 5)
                second[At] = 1;
        }
    }
}
