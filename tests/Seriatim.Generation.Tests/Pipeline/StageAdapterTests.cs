namespace Seriatim.Generation.Tests;

/// <summary>
/// Adapters of a model whose layers are in several processes: each has what adds to its own, and requests with several of them,
/// and with none, give the bits of one process.
/// </summary>
public sealed class StageAdapterTests
{
    private static readonly string?[] Names = [null, "all", "late", "head"];

    private static readonly GenerationRequest Asked =
        new() { Prompt = new[] { 1, 2, 3, 4, 5 }, MaxNewTokens = 30, Sampling = SamplingOptions.Greedy };

    private static string Llama => StageTests.Golden("llama-gqa-tied");

    [Theory]
    [InlineData("llama-gqa-tied", 2)]
    [InlineData("gpt2-train", 2)]
    [InlineData("jamba", 4)]
    public void Requests_with_several_adapters_give_the_bits_of_one_process(string family, int stages) =>
        Compare(StageTests.Golden(family), stages);

    /// <summary>Embedding and hidden rows have a layer between them of their own, to which adapters add, too.</summary>
    [SharedTheory]
    [InlineData("opt-postnorm-proj", 2)]
    [InlineData("gguf/tiny-q4_k_m.gguf", 2)]
    public void So_do_other_families_and_files(string family, int stages) => Compare(Shared.Path("golden", family), stages);

    [Fact]
    public void What_does_not_fit_is_refused_wherever_its_layer_is_and_nobody_has_it()
    {
        using var whole = Model.Load(Llama);
        Dictionary<string, LowRankFactors> good = Factors(whole, 1, _ => true);
        string here = good.Keys.First(path => path.StartsWith("layers.0.", StringComparison.Ordinal));
        string there = good.Keys.First(path => path.StartsWith("layers.1.", StringComparison.Ordinal));
        Stages.Run(Llama, 2, staged =>
        {
            foreach (string path in (string[])[here, there])
            {
                LowRankFactors wrong = good[path] with { A = good[path].A[1..] };
                Assert.Contains($"A of the adapter x for {path} has {wrong.A.Length} values",
                    Refused(new(good) { [path] = wrong }).Message);
            }

            Assert.Contains("adds to layers.7.attention.q; the model has no linear weight there",
                Refused(new(good) { ["layers.7.attention.q"] = good[here] }).Message);
            Assert.Contains("adds nothing", Refused([]).Message);

            // None of them has left anything anywhere.
            staged.AddAdapter("x", good);
            Assert.Contains("has an adapter x already", Refused(good).Message);
            Assert.True(staged.RemoveAdapter("x"));
            Assert.False(staged.RemoveAdapter("x"));
            Assert.Contains("had an adapter x", Refused(good).Message);

            ArgumentException Refused(Dictionary<string, LowRankFactors> factors) =>
                Assert.Throws<ArgumentException>(() => staged.AddAdapter("x", factors));
        });
        using var stage = Model.Load(Llama, new ModelLoadOptions { Stage = new ModelStage(0, 1) });
        Assert.Contains("layer 0 of the 2 layers of a llama model",
            Assert.Throws<NotSupportedException>(() => stage.AddAdapter("x", good)).Message);
    }

    [Fact]
    public void An_adapter_that_is_taken_away_ends_its_requests_alone()
    {
        using var whole = Model.Load(Llama);
        using var ops = CpuOps.Create(1);
        AddAll(whole, whole.AddAdapter);
        GenerationResult plain = Runs.Alone(new LoadedModel(whole, ops), Asked);
        GenerationResult late = Runs.Alone(new LoadedModel(whole, ops), Asked with { Adapter = "late" });
        Assert.NotEqual(plain.Choices[0].TokenIds, late.Choices[0].TokenIds);
        Stages.Run(Llama, 2, staged =>
        {
            AddAll(whole, staged.AddAdapter);
            using var core = new EngineCore(staged, Runs.Roomy with { Pages = 64 });
            GenerationHandle[] handles =
                [.. Names.Select((name, i) => core.Add(Asked with { Adapter = name }, i + 1))];
            core.Step();
            core.Step();
            Assert.True(staged.RemoveAdapter("all"));
            core.Drain();
            Assert.Contains("all", $"{Assert.ThrowsAny<Exception>(() => handles[1].Result())}");
            Runs.Equal(plain, handles[0].Result(), "without one");
            Runs.Equal(late, handles[2].Result(), "with another one");
            Assert.ThrowsAny<GenerationException>(() => core.Add(Asked with { Adapter = "all" }, 9));
        });
    }

    private static void Compare(string folder, int stages)
    {
        using var whole = Model.Load(folder);
        using var ops = CpuOps.Create(1);
        AddAll(whole, whole.AddAdapter);
        var alone = new LoadedModel(whole, ops);
        int longest = Math.Min(40, whole.Spec.Context / 3);
        var random = new Random(5);
        GenerationRequest[] requests = [.. Mixture.Requests(30, 5, alone.VocabularySize, longest: longest)
            .Select(request => request.Prompt.Length + request.MaxNewTokens <= whole.Spec.Context ? request : request with
            {
                Prompt = request.Prompt[..Math.Min(longest, request.Prompt.Length)],
                MaxNewTokens = whole.Spec.Context / 3,
            })
            .Select(request => request with { Adapter = Names[random.Next(Names.Length)] })];
        var options = new EngineOptions { Pages = 60, PageSize = 4, States = 20, TokenBudget = 24, MaxSequences = 12 };
        (GenerationResult[] expected, _) = Stages.Results(alone, options, requests);
        (GenerationResult[] bare, _) =
            Stages.Results(alone, options, [.. requests.Select(request => request with { Adapter = null })]);
        int changed = requests.Index().Count(r => r.Item.Adapter is not null
            && !bare[r.Index].Choices[0].TokenIds.SequenceEqual(expected[r.Index].Choices[0].TokenIds));
        Assert.True(changed > 5, "adapters do nothing");
        Stages.Run(folder, stages, staged =>
        {
            AddAll(whole, staged.AddAdapter);
            foreach (string? name in Names)
                Assert.Equal(alone.FingerprintOf(name), staged.FingerprintOf(name));
            (GenerationResult[] actual, _) = Stages.Results(staged, options, requests);
            for (int i = 0; i < requests.Length; i++)
                Runs.Equal(expected[i], actual[i], $"request {i}, {requests[i].Adapter}");
            Assert.True(staged.Runs > staged.Passes, "no step was cut");
        });
    }

    /// <summary>One for all weights, one for the last layer alone, which rank 0 has not, and one for the head.</summary>
    private static void AddAll(Model whole, Action<string, IReadOnlyDictionary<string, LowRankFactors>> add)
    {
        string last = $"layers.{whole.Spec.Last.Layers.Count - 1}.";
        add("all", Factors(whole, 1, _ => true));
        add("late", Factors(whole, 2, path => path.StartsWith(last, StringComparison.Ordinal)));
        add("head", Factors(whole, 3, path => path is "head" || path.StartsWith("project", StringComparison.Ordinal)
            || path.StartsWith("layers.0.", StringComparison.Ordinal)));
    }

    private static Dictionary<string, LowRankFactors> Factors(Model model, int seed, Func<string, bool> isWanted)
    {
        var random = new Random(seed);
        return model.LinearShapes.Where(one => isWanted(one.Key)).OrderBy(one => one.Key, StringComparer.Ordinal).ToDictionary(
            one => one.Key, one => new LowRankFactors(
                Values(random, 3 * one.Value.Inputs), Values(random, one.Value.Outputs * 3), 3, 0.7f));
    }

    private static float[] Values(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
}
