namespace Seriatim.Generation.Tests;

/// <summary>Sequences that remember a window: constant memory, no end at the context, and still the same bits.</summary>
public sealed class WindowTests
{
    [Theory]
    [InlineData(1, true, 60, 64)]
    [InlineData(2, false, 90, 96)]
    [InlineData(1, true, 130, 24)]
    public void RequestsWithAndWithoutWindowsUnderLoadEqualThemselvesAlone(int threads, bool prefixCache, int pages, int budget)
    {
        using var model = new FakeModel(threads);
        using var draft = new FakeModel(1, seed: 2);
        AttentionWindow?[] windows = [null, new(5, 2), new(30, 4), new(9, 0), new(1, 20)];
        GenerationRequest[] requests = [.. Mixture.Requests(150, seed: 11 + pages, model.VocabularySize, drafts: true)
            .Select((request, i) => request with { Window = windows[i % windows.Length] })];
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        var options = new EngineOptions
        {
            Pages = pages,
            PageSize = 4,
            TokenBudget = budget,
            MaxSequences = 24,
            PrefixCache = prefixCache,
            DraftModel = draft,
        };
        using var core = new EngineCore(model, options);
        int[] fitting = [.. Enumerable.Range(0, requests.Length).Where(i => Fits(core, requests[i]))];
        Assert.True(fitting.Length > 100, $"{fitting.Length} requests fit");
        GenerationHandle[] handles = LoadTests.RunAll(core, [.. fitting.Select(i => requests[i])], seed: 3);
        for (int i = 0; i < fitting.Length; i++)
            Runs.Equal(expected[fitting[i]], handles[i].Result(), $"request {fitting[i]}, {requests[fitting[i]]}");
        Assert.True(core.Statistics.Preemptions > 0, "The pool is meant to be too small.");
        core.Cache?.Clear();
        Assert.Equal(pages, core.Pages().Free);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ThousandsOfTokensKeepTheSameNumberOfPages(bool prefixCache)
    {
        using var model = new FakeModel(context: 64);
        var request = new GenerationRequest
        {
            Prompt = Enumerable.Range(0, 300).Select(i => i * 7 % 50).ToArray(),
            MaxNewTokens = 5000,
            Window = new(40, 4),
            Sampling = new() { Temperature = 1 },
        };
        using var core = new EngineCore(model, new EngineOptions { Pages = 30, PageSize = 4, TokenBudget = 32, MaxSequences = 4, PrefixCache = prefixCache });
        GenerationHandle handle = core.Add(request);
        int most = 0;
        var counts = new HashSet<int>();
        while (core.Step())
        {
            int held = core.Statistics.PagesUsed;
            most = Math.Max(most, held);
            if (core.Scheduler.Running is [{ Live: [{ NewTokens: > 1000 }] }, ..])
                counts.Add(held);
        }

        Assert.Equal(5000, handle.Result().Choices[0].TokenIds.Count);
        Assert.True(most <= 22, $"{most} pages were held");
        Assert.True(counts.Max() <= 12 && counts.Max() - counts.Min() <= 1, $"{counts.Min()} to {counts.Max()} pages are held in the long run");
        Runs.Equal(Runs.Alone(model, request), handle.Result(), "in a small pool");
        core.Cache?.Clear();
        Assert.Equal(30, core.Pages().Free);
    }

    [Fact]
    public void APromptMuchLongerThanThePoolIsRead()
    {
        using var model = new FakeModel(context: 64);
        GenerationRequest request = new() { Prompt = Enumerable.Range(0, 3000).Select(i => i * 7 % 50).ToArray(), MaxNewTokens = 20, Window = new(40, 4), Logprobs = 1 };
        using var core = new EngineCore(model, new EngineOptions { Pages = 25, PageSize = 4, TokenBudget = 24, MaxSequences = 4 });
        GenerationHandle[] handles = [.. Enumerable.Range(1, 4).Select(i => core.Add(request with { Prompt = request.Prompt[(i * 100)..] }, i))];
        core.Drain();
        for (int i = 0; i < handles.Length; i++)
            Runs.Equal(Runs.Alone(model, request with { Prompt = request.Prompt[((i + 1) * 100)..] }), handles[i].Result(), $"prompt {i}");
    }

    [Fact]
    public void WindowsAndRotaryPositionsShareNoPagesWithOthers()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 200, PageSize = 4 });
        var request = new GenerationRequest { Prompt = Enumerable.Range(0, 40).ToArray(), MaxNewTokens = 4 };
        GenerationRequest[] variants =
        [
            request, request with { Window = new(16, 4) }, request with { Window = new(16, 5) },
            request with { Rope = new RopeChange(new RopeScaling.Linear(2)) }, request with { Rope = new RopeChange(new RopeScaling.Linear(4)) },
        ];
        long number = 1;
        foreach (int round in (int[])[0, 1])
        {
            foreach (GenerationRequest variant in variants)
            {
                GenerationHandle handle = core.Add(variant, number++);
                core.Drain();
                Assert.Equal(round == 0 ? 0 : 36, handle.Result().Usage.CachedTokens);
                Runs.Equal(Runs.Alone(model, variant), handle.Result(), $"{variant}");
            }
        }
    }

    [Fact]
    public void WhatCannotBeIsRefusedWithBothNumbers()
    {
        using var model = new FakeModel(context: 64);
        using var core = new EngineCore(model, new EngineOptions { Pages = 10, PageSize = 4, TokenBudget = 16, MaxSequences = 4 });
        var request = new GenerationRequest { Prompt = new int[10], MaxNewTokens = 10 };
        var large = Assert.Throws<RequestTooLargeException>(() => core.Check(request with { Window = new(60, 4), MaxNewTokens = 1000 }));
        Assert.Equal(10, large.Available);
        Assert.Throws<PromptTooLongException>(() => core.Check(request with { MaxNewTokens = 55 }));
        core.Check(request with { Window = new(8, 2), MaxNewTokens = 100_000 });
        core.Check(request with { Window = new(8, 2), MaxNewTokens = null });
        Assert.Throws<PromptTooLongException>(() => core.Check(request with { Window = new(8, 2), MaxNewTokens = AttentionWindow.MaxPositions }));
    }

    [Fact]
    public void FewerBitsGiveMorePages()
    {
        using var model = new FakeModel();
        var options = new EngineOptions { MemoryBytes = 1 << 20 };
        int pages = options.PagesFor(model);
        Assert.Equal(2 * pages, (options with { KeyValueType = KeyValueType.F16 }).PagesFor(model));
        Assert.InRange((options with { KeyValueType = KeyValueType.Q8 }).PagesFor(model), 3 * pages, 4 * pages);
        Assert.Throws<InvalidOptionException>(() => new EngineCore(model, options with { KeyValueType = (KeyValueType)9 }));
    }

    private static bool Fits(EngineCore core, GenerationRequest request)
    {
        try
        {
            core.Check(request);
            return true;
        }
        catch (RequestTooLargeException)
        {
            return false;
        }
    }
}
