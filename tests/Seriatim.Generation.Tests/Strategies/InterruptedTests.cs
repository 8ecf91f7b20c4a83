namespace Seriatim.Generation.Tests;

/// <summary>Requests that are stopped give what they have: by a timeout as their result, by cancelling in their stream.</summary>
public sealed class InterruptedTests
{
    private static readonly GenerationRequest Base =
        new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 50, Seed = 0, Timeout = TimeSpan.FromSeconds(1) };

    public static TheoryData<string> Kinds => ["beams", "groups", "best", "samples"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_deadline_gives_as_many_choices_as_were_asked_for(string kind)
    {
        using var model = new FakeModel();
        for (int steps = 0; steps < 6; steps++)
        {
            var clock = new FakeClock();
            using var core = new EngineCore(model, new EngineOptions { Pages = 100, Clock = clock });
            GenerationHandle handle = core.AddAt(Of(kind), 1, clock);
            for (int i = 0; i < steps; i++)
                core.Step();
            clock.Now += TimeSpan.FromSeconds(2);
            core.Drain();
            GenerationResult result = handle.Result();
            Assert.Equal(4, result.Choices.Count);
            Assert.Equal([0, 1, 2, 3], result.Choices.Select(choice => choice.Index));
            Assert.All(result.Choices, choice => Assert.Equal(FinishReason.Timeout, choice.Finish));
            Assert.All(result.Choices, choice => Assert.Equal(result.Choices[0].TokenIds.Count, choice.TokenIds.Count));
            Assert.All(result.Choices, choice => Assert.True(double.IsFinite(choice.Score ?? 0)));
            Assert.True(result.Choices[0].TokenIds.Count > 0 || steps < 2);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Cancelling_ends_the_stream_with_what_there_is(string kind)
    {
        using var model = new FakeModel();
        for (int steps = 0; steps < 6; steps++)
        {
            using var core = new EngineCore(model, new EngineOptions { Pages = 100 });
            GenerationHandle handle = core.Add(Of(kind) with { Timeout = null });
            for (int i = 0; i < steps; i++)
                core.Step();
            handle.Cancel();
            core.Drain();
            var finished = new SortedDictionary<int, int>();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (GenerationUpdate update in handle)
                {
                    finished.TryAdd(update.Choice, 0);
                    finished[update.Choice] += update.Finish == FinishReason.Cancelled ? 1 : 0;
                }
            });
            Assert.Equal([0, 1, 2, 3], finished.Keys);
            Assert.All(finished.Values, count => Assert.Equal(1, count));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handle.Completion);
            core.Cache!.Clear();
            Assert.Equal(100, core.Pages().Free);
        }
    }

    private static GenerationRequest Of(string kind) => kind switch
    {
        "beams" => Base with { Beam = new() { Beams = 4 }, Count = 4, Logprobs = 1 },
        "groups" => Base with { Beam = new() { Beams = 4, Groups = 2, DiversityPenalty = 0.5 }, Count = 4 },
        "best" => Base with { BestOf = 6, Count = 4 },
        _ => Base with { Count = 4 },
    };
}
