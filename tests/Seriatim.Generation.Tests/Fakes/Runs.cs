namespace Seriatim.Generation.Tests;

/// <summary>Drives an engine without its thread: what comes in before which step is decided by the test.</summary>
internal static class Runs
{
    public static GenerationHandle Add(this EngineCore core, GenerationRequest request, long number = 1, CancellationToken token = default)
    {
        var handle = new GenerationHandle(number, request.Seed ?? 0, () => { }, token);
        handle.Register();
        core.Add(request, core.Check(request), handle, TimeProvider.System.GetTimestamp());
        return handle;
    }

    /// <summary>A sequence that shares what another remembers.</summary>
    public static Sequence Fork(this Sequence sequence, int index)
    {
        var fork = new Sequence(sequence.Id with { Index = index }, [.. sequence.Tokens], sequence.PromptLength);
        fork.ForkMemory(sequence);
        return fork;
    }

    /// <summary>Goes on with a state.</summary>
    public static GenerationHandle Add(this EngineCore core, RequestState state, long number)
    {
        var handle = new GenerationHandle(number, state.Seed, () => { }, default);
        core.Add(core.Prepare(state, core.Check(state), handle, TimeProvider.System.GetTimestamp()));
        return handle;
    }

    /// <summary>What a state gives with nobody beside it.</summary>
    public static GenerationResult Finish(IGenerationModel model, RequestState state)
    {
        using var core = new EngineCore(model, Roomy);
        GenerationHandle handle = core.Add(state, 1);
        core.Drain();
        return handle.Result();
    }

    public static GenerationHandle AddAt(this EngineCore core, GenerationRequest request, long number, TimeProvider clock)
    {
        var handle = new GenerationHandle(number, request.Seed ?? 0, () => { }, default);
        core.Add(request, core.Check(request), handle, clock.GetTimestamp());
        return handle;
    }

    /// <summary>The pages of the model's own attention.</summary>
    public static PagePool Pages(this EngineCore core) => core.PoolsOf<PagePool>().First(pool => pool is not CrossPagePool);

    public static PagePool CrossPages(this EngineCore core) => core.PoolsOf<CrossPagePool>().Single();

    public static StatePool States(this EngineCore core) => core.PoolsOf<StatePool>().Single();

    public static void Drain(this EngineCore core)
    {
        while (core.Step())
        {
        }
    }

    /// <summary>The result of a request that has ended.</summary>
    public static GenerationResult Result(this GenerationHandle handle)
    {
        Assert.True(handle.Completion.IsCompleted);
        return handle.Completion.GetAwaiter().GetResult();
    }

    public static GenerationResult Alone(IGenerationModel model, GenerationRequest request, EngineOptions? options = null)
    {
        using var core = new EngineCore(model, options ?? Roomy);
        GenerationHandle handle = core.Add(request);
        core.Drain();
        return handle.Result();
    }

    private static IEnumerable<T> PoolsOf<T>(this EngineCore core) =>
        Enumerable.Range(0, core.Pools!.Count).Select(kind => core.Pools[kind]).OfType<T>();

    public static EngineOptions Roomy { get; } = new() { Pages = 4096, PageSize = 16, PrefixCache = false };

    public static void Equal(GenerationResult expected, GenerationResult actual, string what)
    {
        Assert.Equal(expected.Choices.Count, actual.Choices.Count);
        for (int i = 0; i < expected.Choices.Count; i++)
        {
            (GenerationChoice e, GenerationChoice a) = (expected.Choices[i], actual.Choices[i]);
            Assert.True(e.TokenIds.SequenceEqual(a.TokenIds), $"{what}, choice {i}: [{string.Join(", ", a.TokenIds)}], expected [{string.Join(", ", e.TokenIds)}]");
            Assert.Equal(e.Finish, a.Finish);
            Assert.Equal(e.Text, a.Text);
            Assert.True(e.Score.Equals(a.Score), $"{what}, choice {i}: score {a.Score}, expected {e.Score}");
            Equal(e.Logprobs, a.Logprobs, what);
        }

        Equal(expected.PromptLogprobs, actual.PromptLogprobs, what);
    }

    private static void Equal(IReadOnlyList<TokenLogprobs>? expected, IReadOnlyList<TokenLogprobs>? actual, string what)
    {
        Assert.Equal(expected is null, actual is null);
        if (expected is null)
            return;
        Assert.Equal(expected.Count, actual!.Count);
        for (int i = 0; i < expected.Count; i++)
        {
            // Records of doubles: equal means the same bits (or the same zero).
            Assert.True(expected[i].Chosen == actual[i].Chosen && expected[i].Rank == actual[i].Rank && expected[i].Top.SequenceEqual(actual[i].Top),
                $"{what}: log-probabilities of token {i} differ");
        }
    }
}
