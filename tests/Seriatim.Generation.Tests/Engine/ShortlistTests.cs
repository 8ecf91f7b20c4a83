using Seriatim.Tensors;

namespace Seriatim.Generation.Tests;

/// <summary>
/// A request with a shortlist is one whose model gives -∞ to all other ids, to the last bit, whoever else is in the batch: others
/// with other shortlists, with none, with the same; preempted, drafted, in beams.
/// </summary>
public sealed class ShortlistTests
{
    private const int Vocabulary = 50;

    [Theory]
    [InlineData("attention and recurrence", 40, 60)]
    [InlineData("blocks", 40, 2)]
    public void RequestsUnderLoadEqualMaskedOnesAlone(string kind, int pages, int states)
    {
        using IDifferentiableOps ops = CpuOps.Create(2);
        using Model target = AdapterTests.Make(kind, 7);
        var model = new LoadedModel(target, ops);
        int[][] lists = [Ids(1, 12), Ids(2, 12), Ids(3, 30), []];
        GenerationRequest[] requests = [.. Mixture.Requests(60, seed: 3, model.VocabularySize, longest: 40)
            .Select((request, i) => WithList(request with { PromptLogprobs = null }, lists[i % lists.Length]))];
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(
            new MaskingModel(model, request.Shortlist.ToArray()), request with { Speculation = null, Shortlist = default }))];
        using var core = new EngineCore(model, new EngineOptions
        {
            Pages = pages,
            States = states,
            PageSize = 8,
            TokenBudget = 48,
            MaxSequences = 16,
        });
        GenerationHandle[] handles = LoadTests.RunAll(core, requests, seed: 3);
        for (int i = 0; i < requests.Length; i++)
        {
            GenerationResult actual = handles[i].Result();
            Runs.Equal(expected[i], actual, $"request {i}, {requests[i]}");
            if (!requests[i].Shortlist.IsEmpty)
                Assert.Empty(actual.Choices.SelectMany(c => c.TokenIds).Except(requests[i].Shortlist.ToArray()));
        }

        Assert.True(core.Statistics.Preemptions > 0, "The pools are meant to be too small.");
    }

    [Fact]
    public async Task AStateGoesOnWithItsShortlist()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = AdapterTests.Make("blocks", 7);
        var model = new LoadedModel(target, ops);
        GenerationRequest request = Request(Ids(1, 9));
        GenerationResult expected = Runs.Alone(model, request);
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(request);
        core.Step();
        core.Step();
        Task<RequestState> leaving = handle.ExportAsync();
        core.Step();
        RequestState state = RequestState.FromBytes((await leaving).ToBytes());
        Assert.Equal(request.Shortlist.ToArray(), state.Request.Shortlist.ToArray());
        using var second = new EngineCore(model, Runs.Roomy);
        GenerationHandle after = second.Add(state, 9);
        second.Drain();
        Runs.Equal(expected, after.Result(), "moved");
    }

    [Fact]
    public void ShortlistsThatMeanNothingAreRefused()
    {
        using IDifferentiableOps ops = CpuOps.Create(1);
        using Model target = AdapterTests.Make("blocks", 7);
        using var core = new EngineCore(new LoadedModel(target, ops), new EngineOptions { Pages = 40 });
        GenerationRequest request = Request([2, 5]);
        core.Check(request);
        Refused(request with { Shortlist = new[] { 5, 2 } }, "5, 2");
        Refused(request with { Shortlist = new[] { 2, 2 } }, "2, 2");
        Refused(request with { Shortlist = new[] { 2, Vocabulary } }, $"{Vocabulary}");
        Refused(request with { ForcedPrefix = [3] }, "the forced token 3 is not among them");
        Refused(request with { EndIds = [7] }, "none of the ids that end a sequence (7) is among them");
        Refused(request with { PromptLogprobs = 1 }, "PromptLogprobs is set");
        Refused(request with { Adapter = "a" }, "the adapter a may add to the head");
        core.Check(request with { EndIds = [7], IgnoreEndIds = true });

        void Refused(GenerationRequest bad, string message)
        {
            GenerationException refused = Assert.ThrowsAny<GenerationException>(() => core.Check(bad));
            Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        }
    }

    private static GenerationRequest Request(int[] shortlist) => new()
    {
        Prompt = new[] { 1, 2, 3 },
        MaxNewTokens = 12,
        Seed = 4,
        Shortlist = shortlist,
    };

    private static GenerationRequest WithList(GenerationRequest request, int[] list) => request with
    {
        Shortlist = list.Length == 0 ? list : [.. list.Concat(request.EndIds ?? []).Distinct().Order()],
    };

    private static int[] Ids(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Vocabulary).OrderBy(_ => random.Next()).Take(count).Order()];
    }

    /// <summary>Multiplies with all of the head and takes away what is not in the list.</summary>
    private sealed class MaskingModel(IGenerationModel inner, int[] list) : DelegatingModel(inner)
    {
        public override Tensor Project(Tensor hidden, ReadOnlyMemory<int> rows)
        {
            Tensor logits = base.Project(hidden, rows);
            for (int n = 0; n < logits.Rows && list.Length > 0; n++)
            {
                for (int id = 0; id < logits.Columns; id++)
                {
                    if (!list.Contains(id))
                        logits.Row(n)[id] = float.NegativeInfinity;
                }
            }

            return logits;
        }
    }
}
