namespace Seriatim.Generation.Tests;

/// <summary>Many requests, one after another and at once: memory stays flat and every page comes back.</summary>
public sealed class SoakTests
{
    [Fact]
    public void FiveHundredRequestsLeaveNothingBehind() => Run(500);

    [Fact]
    [Trait("Category", "Long")]
    public void TenThousandRequestsLeaveNothingBehind() => Run(10_000);

    private static void Run(int count)
    {
        using var model = new FakeModel();
        using var draft = new FakeModel(seed: 2);
        using var core = new EngineCore(model, new EngineOptions { Pages = 64, PageSize = 8, TokenBudget = 128, MaxSequences = 32, DraftModel = draft });
        GenerationRequest[] kinds = Mixture.Requests(100, seed: 21, model.VocabularySize, drafts: true);
        var random = new Random(5);
        var open = new List<GenerationHandle>();
        long middle = 0;
        for (int i = 0; i < count; i++)
        {
            GenerationHandle handle = core.Add(kinds[i % 100] with { Seed = (ulong)i }, i + 1);
            open.Add(handle);
            if (i % 17 == 0)
                handle.Cancel();
            for (int steps = random.Next(6); steps > 0; steps--)
                core.Step();
            open.RemoveAll(h => h.Completion.IsCompleted);
            if (i == count / 2)
                middle = GC.GetTotalMemory(forceFullCollection: true);
        }

        core.Drain();
        Assert.Null(core.LastFailure);
        Assert.All(open, handle => Assert.True(handle.Completion.IsCompleted));
        open.Clear();
        long end = GC.GetTotalMemory(forceFullCollection: true);
        Assert.True(end - middle < 2_000_000, $"{end - middle} bytes more than in the middle");
        Assert.Equal(0, core.Statistics.PagesUsed);
        core.Cache!.Clear();
        Assert.Equal(64, core.Pages().Free);
    }
}
