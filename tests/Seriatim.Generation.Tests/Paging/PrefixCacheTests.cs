using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Generation.Tests;

/// <summary>
/// What the cache counts as references come and go is what a walk over all of it finds, for every kind of memory; what it does
/// costs the same for each page, however many there are; and keys keep apart what is not the same.
/// </summary>
public sealed class PrefixCacheTests
{
    private const int PageSize = 4;

    [Theory]
    [InlineData(Remembers.Pages, false)]
    [InlineData(Remembers.States, false)]
    [InlineData(Remembers.Both, false)]
    [InlineData(Remembers.Pages, true)]
    public void CountsEqualAWalk(Remembers kinds, bool windows)
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(200).WithReplay(7654321, 89);
        Check.One(config, Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte, byte)[]>(), operations =>
        {
            using var model = new FakeModel(remembers: kinds);
            using MemoryPools pools = model.NewMemoryPools(PageSize, 24, 18, KeyValueType.F32);
            var cache = new PrefixCache(pools);
            var sequences = new List<Sequence>();
            foreach ((byte kind, byte which, byte amount) in operations)
            {
                Apply(pools, cache, sequences, kind % 6, which, amount, windows);
                EqualsAWalk(pools, cache);
            }

            foreach (Sequence sequence in sequences)
                sequence.Release();
            EqualsAWalk(pools, cache);
            cache.Clear();
            Assert.Equal(0, cache.Count);
            for (int kind = 0; kind < pools.Count; kind++)
                Assert.Equal((pools[kind].Units, 0), (pools[kind].Free, pools[kind].Idle));
        }));
    }

    [Fact]
    public void TheEndOfAChainGoesBeforeItsBeginning()
    {
        using var model = new FakeModel();
        using MemoryPools pools = model.NewMemoryPools(PageSize, 24, 2, KeyValueType.F32);
        var cache = new PrefixCache(pools);
        int[] shared = [.. Enumerable.Range(0, 17)];
        Fill(pools, cache, shared).Release();
        Sequence other = Fill(pools, cache, [.. shared.AsSpan(0, 8), .. Enumerable.Range(50, 9)]);
        Assert.Equal(6, cache.Count);

        // Nobody holds the end of the first text, so it goes, and the pages both have in common stay.
        cache.EnsureFree(new MemoryUnits { [0] = 24 });
        cache.Match(SequenceTerms.None, shared, out int matched);
        Assert.Equal(2, matched);
        other.Release();
        for (int left = 4; left >= 0; left--)
        {
            Assert.Equal(left, cache.Match(SequenceTerms.None, other.Tokens.ToArray(), out matched) is null ? 0 : matched);
            cache.EnsureFree(new MemoryUnits { [0] = 24 - left + 1 });
        }
    }

    [Fact]
    public void ALongSequenceWithAWindowKeepsTheBeginningOfItsTextLongest()
    {
        using var model = new FakeModel();
        using MemoryPools pools = model.NewMemoryPools(PageSize, 64, 2, KeyValueType.F32);
        var cache = new PrefixCache(pools);
        var sequence = new Sequence(new SequenceId(1, 0), [], 1);
        sequence.Attach(pools.NewMemory(null, new AttentionWindow(8, 0)));
        for (int i = 0; i < 30; i++)
            Grow(cache, sequence, PageSize);
        Assert.Equal(30, cache.Count);
        Assert.Equal(30 - sequence.Memory!.Stores[0].Held, pools[0].Idle);

        // Room for ten pages: the pages just out of sight go, and what was behind them can no longer be found.
        cache.EnsureFree(new MemoryUnits { [0] = pools[0].Free + 10 });
        cache.Match(SequenceTerms.None, sequence.Tokens.ToArray(), out int matched);
        Assert.Equal(matched, cache.Count);
        Assert.InRange(matched, 18, 20);
    }

    /// <summary>
    /// 100,000 pages: one long sequence, then thousands of short ones that need the room, with a plan's count each step.
    /// </summary>
    [Fact]
    public void WorkForAPageIsTheSameHoweverManyThereAre()
    {
        const int pages = 100_000;
        using var pool = new NoPages(pages);
        using var pools = new MemoryPools(1, pool);
        var cache = new PrefixCache(pools);
        var sequence = new Sequence(new SequenceId(1, 0), [], 1);
        sequence.Attach(pools.NewMemory());
        for (int i = 0; i < pages - 1; i++)
            Grow(cache, sequence, 1);
        sequence.Release();
        Assert.Equal(pages - 1, cache.Evictable()[0]);
        Assert.InRange(cache.Work, pages - 1, 8L * pages);

        long before = cache.Work;
        for (int i = 0; i < 10_000; i++)
        {
            var next = new Sequence(new SequenceId(i + 2, 0), [], 1);
            next.Attach(pools.NewMemory());
            next.Tokens.AddRange([-i - 1, i, i + 1]);
            Assert.Equal(pages - pool.Free, cache.Evictable()[0]);
            cache.EnsureFree(new MemoryUnits { [0] = 3 });
            Grow(cache, next, 3);
            next.Release();
        }

        Assert.InRange(cache.Work - before, 30_000, 20L * 30_000);
        before = cache.Work;
        cache.Clear();
        Assert.InRange(cache.Work - before, pages / 2, 8L * pages);
        Assert.Equal(pages, pool.Free);
    }

    [Fact]
    public void TenantsWithOtherSaltsShareNothing()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 200, PageSize = 8 });
        var request = new GenerationRequest
        {
            Prompt = Enumerable.Range(0, 45).Select(i => i * 7 % 50).ToArray(),
            MaxNewTokens = 6,
            Logprobs = 1,
        };
        (string? Salt, string? Adapter, int Cached)[] all =
        [
            ("anna", null, 0), ("ben", null, 0), (null, null, 0), ("anna", null, 40), ("ben", null, 40), (null, null, 40),
            ("", null, 0), ("anna", "formal", 0), ("anna", "formal", 40), ("anna", null, 40), (null, "formal", 0),
        ];
        GenerationResult? plain = null;
        for (int i = 0; i < all.Length; i++)
        {
            GenerationHandle handle = core.Add(request with { CacheSalt = all[i].Salt, Adapter = all[i].Adapter }, i + 1);
            core.Drain();
            GenerationResult result = handle.Result();
            Assert.True(all[i].Cached == result.Usage.CachedTokens, $"request {i} {all[i]}: {result.Usage.CachedTokens} cached");
            if (all[i].Adapter is null)
                Runs.Equal(plain ??= result, result, $"request {i}");
            else
                Assert.NotEqual(plain!.Choices[0].TokenIds, result.Choices[0].TokenIds);
        }
    }

    private static void EqualsAWalk(MemoryPools pools, PrefixCache cache)
    {
        PrefixNode[] nodes = [.. cache.Nodes];
        Assert.Equal(nodes.Length, cache.Count);
        Assert.All(nodes, node => Assert.True(!node.IsRemoved && node.Parent is null or { IsRemoved: false }));
        for (int kind = 0; kind < pools.Count; kind++)
        {
            int[] held = [.. nodes.Select(node => node.Units[kind]).Where(unit => unit >= 0)];
            Assert.Equal(held.Distinct().Count(), held.Length);
            Assert.Equal(held.Order(), Enumerable.Range(0, pools[kind].Units).Where(unit => cache.Holds(kind, unit)));
            int idle = held.Count(unit => pools[kind].References(unit) == 1);
            Assert.Equal((idle, idle), (pools[kind].Idle, cache.Evictable()[kind]));
            foreach (PrefixNode node in nodes)
            {
                Assert.Equal(node.IdleBehind[kind], nodes.Count(behind => behind.Parent == node
                    && behind.Units[kind] >= 0 && pools[kind].References(behind.Units[kind]) == 1));
            }
        }
    }

    private static void Apply(
        MemoryPools pools, PrefixCache cache, List<Sequence> sequences, int kind, int which, int amount, bool windows)
    {
        Sequence? sequence = sequences.Count == 0 ? null : sequences[which % sequences.Count];
        switch (kind)
        {
            case 0 when sequences.Count < 8:
                sequences.Add(Start(pools, cache, amount, windows));
                break;
            case 1 or 2 when sequence is not null:
                Grow(cache, sequence, amount % 11);
                break;
            case 3 when sequence is not null && sequences.Count < 8:
                sequences.Add(Fork(sequence, amount));
                break;
            case 4 when sequence is not null:
                sequence.Release();
                sequences.Remove(sequence);
                break;
            case 5:
                MemoryUnits units = default;
                for (int i = 0; i < pools.Count; i++)
                    units[i] = (amount >> i) % pools[i].Units;
                cache.EnsureFree(units);
                for (int i = 0; i < pools.Count; i++)
                    Assert.True(pools[i].Free >= units[i] || pools[i].Idle == 0);
                break;
        }
    }

    private static Sequence Start(MemoryPools pools, PrefixCache cache, int amount, bool windows)
    {
        var sequence = new Sequence(new SequenceId(amount, 0), [.. Enumerable.Repeat(amount % 2, 13)], 13);
        PrefixNode? node = cache.Match(SequenceTerms.None, sequence.Tokens.ToArray(), out int matched);
        AttentionWindow? reach = windows && amount % 3 == 0 ? new AttentionWindow(1 + amount % 7, amount % 5) : null;
        sequence.Attach(node is null ? pools.NewMemory(null, reach) : cache.Share(node, matched, null, reach));
        sequence.Prefix = new PrefixPosition(node, matched, false);
        return sequence;
    }

    private static Sequence Fork(Sequence sequence, int index)
    {
        var fork = new Sequence(sequence.Id with { Index = index }, [.. sequence.Tokens], sequence.PromptLength);
        fork.ForkMemory(sequence);
        return fork;
    }

    private static Sequence Fill(MemoryPools pools, PrefixCache cache, int[] tokens)
    {
        PrefixNode? node = cache.Match(SequenceTerms.None, tokens, out int matched);
        var sequence = new Sequence(new SequenceId(1, 0), [.. tokens], tokens.Length);
        sequence.Attach(node is null ? pools.NewMemory() : cache.Share(node, matched));
        sequence.Prefix = new PrefixPosition(node, matched, false);
        Grow(cache, sequence, tokens.Length - sequence.Length);
        return sequence;
    }

    private static void Grow(PrefixCache cache, Sequence sequence, int rows)
    {
        var step = new MemoryStep(rows, 0, CommitPoints.PageBorders);
        MemoryUnits units = default;
        MemoryPools pools = sequence.Memory!.Pools;
        for (int kind = 0; kind < pools.Count; kind++)
            units[kind] = sequence.Memory.Stores[kind].Need(sequence.Length, step);
        cache.EnsureFree(units);
        try
        {
            sequence.Memory.Prepare(step);
        }
        catch (OutOfPagesException)
        {
            return;
        }

        while (sequence.Tokens.Count < sequence.Length + rows)
            sequence.Tokens.Add(rows % 3);
        cache.Publish(sequence, SequenceTerms.None, sequence.Length + rows);
        sequence.Memory.Commit(rows);
        sequence.Memory.EndSharing();
    }

    /// <summary>Pages of one position without anything in them: 100,000 of them cost nothing.</summary>
    private sealed class NoPages(int pages) : MemoryPool(pages)
    {
        public override string Name => "pages";

        public override long UnitBytes => 0;

        public override bool HoldsPositions => true;

        public override string Remedy => "";

        public override LayerMemory NewMemory(AttentionWindow? reach) => new Memory(this);

        public override LayerMemory Share(ReadOnlySpan<int> blocks, AttentionWindow? reach) => throw new NotSupportedException();

        public override int Need(int length, in MemoryStep step) => step.Rows;

        public override long Missing(int length, in MemoryDemand demand) => demand.Length - length;

        public override long Most(in MemoryDemand demand) => demand.Length;

        public override string Describe(in MemoryDemand demand) => Name;

        public override bool Sees(int block, int length, AttentionWindow? reach) => true;

        public override void Dispose()
        {
        }

        private sealed class Memory(MemoryPool pool) : LayerMemory(pool)
        {
            private readonly List<int> _pages = [];

            public override int Places => _pages.Count;

            public override int Held => _pages.Count;

            public override int UnitAt(int place) => _pages[place];

            public override int UnitOfBlock(int block, int length) => _pages[block];

            public override int Need(int length, in MemoryStep step) => step.Rows;

            public override void Prepare(int length, in MemoryStep step)
            {
                for (int row = 0; row < step.Rows; row++)
                    _pages.Add(Pool.Allocate());
            }

            public override void Commit(int length, int count, ReadOnlySpan<int> path)
            {
            }

            public override void Forget(int length)
            {
            }

            public override LayerMemory Fork(int length) => throw new NotSupportedException();

            public override void Restore(int length, int mark)
            {
            }

            public override void Clear()
            {
                for (int i = _pages.Count - 1; i >= 0; i--)
                    Pool.Release(_pages[i]);
                _pages.Clear();
            }
        }
    }
}
