using FsCheck;
using FsCheck.Fluent;

namespace Seriatim.Generation.Tests;

/// <summary>After any sequence of operations the counts of the pool are right, and at the end no page is lost.</summary>
public sealed class PageProperties
{
    private const int PageSize = 4;
    private const int Pages = 24;

    [Fact]
    public void AnyOperationsKeepTheCountsRight()
    {
        Config config = Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(1234567, 89);
        Check.One(config, Prop.ForAll(ArbMap.Default.ArbFor<(byte, byte, byte)[]>(), operations =>
        {
            using MemoryPools pools = NewPools(out PagePool pool);
            var cache = new PrefixCache(pools);
            var sequences = new List<Sequence>();
            foreach ((byte kind, byte which, byte amount) in operations)
            {
                Apply(pools, cache, sequences, kind % 6, which, amount);
                CheckCounts(pool, cache, sequences);
            }

            foreach (Sequence sequence in sequences)
                sequence.Release();
            Assert.Equal(pool.Pages - pool.Free, cache.Count);
            Assert.Equal(cache.Count, cache.Evictable()[0]);
            cache.Clear();
            Assert.Equal(pool.Pages, pool.Free);
        }));
    }

    [Fact]
    public void TheLeastRecentlyUsedPagesGoFirstAndHeldOnesStay()
    {
        using MemoryPools pools = NewPools(out PagePool pool);
        var cache = new PrefixCache(pools);
        int[][] texts = [[.. Enumerable.Range(0, 9)], [.. Enumerable.Range(100, 9)], [.. Enumerable.Range(200, 9)]];
        foreach (int[] text in texts)
            Fill(pools, cache, text).Release();
        Assert.Equal(6, cache.Count);
        cache.Match(SequenceTerms.None, texts[0], out int matched);
        Assert.Equal(2, matched);
        SequenceMemory held = cache.Share(cache.Match(SequenceTerms.None, texts[0], out _)!, 2);
        cache.EnsureFree(Of(Pages - 4));
        cache.Match(SequenceTerms.None, texts[1], out matched);
        Assert.Equal(0, matched);
        cache.Match(SequenceTerms.None, texts[2], out matched);
        Assert.Equal(2, matched);
        cache.EnsureFree(Of(Pages));
        Assert.Equal(2, cache.Count);
        held.Dispose();
        cache.EnsureFree(Of(Pages));
        Assert.Equal(Pages, pool.Free);
    }

    [Fact]
    public void OtherVariantsAndOtherTokensDoNotMatch()
    {
        using MemoryPools pools = NewPools(out PagePool pool);
        var cache = new PrefixCache(pools);
        int[] text = [.. Enumerable.Range(0, 13)];
        Fill(pools, cache, text).Release();
        Assert.Null(cache.Match(new SequenceTerms { Window = new(8, 2) }, text, out _));
        Assert.Null(cache.Match(SequenceTerms.None, [9, .. text.AsSpan(1)], out _));
        cache.Match(SequenceTerms.None, [.. text.AsSpan(0, 5), 77, .. text.AsSpan(6)], out int matched);
        Assert.Equal(1, matched);

        // One token stays to be computed, even where all pages are there.
        cache.Match(SequenceTerms.None, text.AsSpan(0, 12), out matched);
        Assert.Equal(2, matched);
        cache.Clear();
    }

    [Fact]
    public void WasteIsOnlyTheUnfilledTail()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 600, MaxSequences = 16 });
        var random = new Random(1);
        for (int i = 0; i < 16; i++)
            core.Add(new GenerationRequest { Prompt = Enumerable.Range(0, 400 + random.Next(100)).Select(_ => random.Next(50)).ToArray(), MaxNewTokens = 50 }, i + 1);
        while (core.Scheduler.Running.Count < 16 || core.Scheduler.Running.Any(g => g.Live[0].NewTokens == 0))
            core.Step();
        EngineStatistics statistics = core.Statistics;
        int used = statistics.PagesUsed * 16;
        Assert.True(statistics.WastedPositions < 0.04 * used, $"{statistics.WastedPositions} of {used} positions are wasted");
        Assert.Equal(core.Scheduler.Running.Sum(g => g.Live[0].Length), used - statistics.WastedPositions);
    }

    private static MemoryPools NewPools(out PagePool pool) =>
        new(PageSize, pool = new PagePool(new KeyValuePool(1, 1, 16, PageSize, Pages)));

    private static MemoryUnits Of(int pages) => new() { [0] = pages };

    private static Sequence Fill(MemoryPools pools, PrefixCache cache, int[] tokens)
    {
        var sequence = new Sequence(new SequenceId(1, 0), [.. tokens], tokens.Length);
        sequence.Attach(pools.NewMemory());
        sequence.Memory!.Prepare(tokens.Length);
        sequence.Memory.Commit(tokens.Length);
        cache.Publish(sequence, SequenceTerms.None, tokens.Length);
        return sequence;
    }

    private static void Apply(MemoryPools pools, PrefixCache cache, List<Sequence> sequences, int kind, int which, int amount)
    {
        Sequence? sequence = sequences.Count == 0 ? null : sequences[which % sequences.Count];
        switch (kind)
        {
            case 0 when sequences.Count < 8:
                sequences.Add(Start(pools, cache, amount));
                break;
            case 1 or 2 when sequence is not null:
                Grow(cache, sequence, amount % 11);
                break;
            case 3 when sequence is not null && sequences.Count < 8:
                sequences.Add(sequence.Fork(amount));
                break;
            case 4 when sequence is not null:
                sequence.Release();
                sequences.Remove(sequence);
                break;
            case 5:
                cache.EnsureFree(Of(amount % Pages));
                break;
        }
    }

    private static Sequence Start(MemoryPools pools, PrefixCache cache, int amount)
    {
        var sequence = new Sequence(new SequenceId(amount, 0), [.. Enumerable.Repeat(amount % 2, 13)], 13);
        PrefixNode? node = cache.Match(SequenceTerms.None, sequence.Tokens.ToArray(), out int matched);
        // Some remember only a window: they give pages back that others and the cache still hold.
        AttentionWindow? reach = amount % 3 == 0 ? new AttentionWindow(1 + amount % 7, amount % 5) : null;
        sequence.Attach(node is null ? pools.NewMemory(null, reach) : cache.Share(node, matched, null, reach));
        sequence.Prefix = new PrefixPosition(node, matched, false);
        return sequence;
    }

    private static void Grow(PrefixCache cache, Sequence sequence, int rows)
    {
        cache.EnsureFree(Of(rows / PageSize + 2));
        try
        {
            sequence.Memory!.Prepare(rows);
        }
        catch (OutOfPagesException)
        {
            return;
        }

        while (sequence.Tokens.Count < sequence.Length + rows)
            sequence.Tokens.Add(rows % 3);
        cache.Publish(sequence, SequenceTerms.None, sequence.Length + rows);
        sequence.Memory.Commit(rows);
    }

    private static void CheckCounts(PagePool pool, PrefixCache cache, List<Sequence> sequences)
    {
        int[] counts = new int[pool.Pages];
        foreach (Sequence sequence in sequences)
        {
            var memory = (PagedMemory)sequence.Memory!.Stores[0];
            Assert.Equal(pool.PagesFor(sequence.Length), memory.Pages.Count);
            foreach (int page in memory.Pages.Where(page => page >= 0))
                counts[page]++;
            Assert.Equal(memory.Pages.Count(page => page >= 0), memory.Held);
        }

        for (int page = 0; page < counts.Length; page++)
            Assert.Equal(counts[page] + (cache.Holds(0, page) ? 1 : 0), pool.References(page));
        Assert.Equal(Enumerable.Range(0, pool.Pages).Count(p => pool.References(p) == 0), pool.Free);
    }
}
