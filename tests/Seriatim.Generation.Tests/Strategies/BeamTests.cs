using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>Beam search against the definition written plainly, with whole sequences computed anew in every step.</summary>
public sealed class BeamTests
{
    [Theory]
    [InlineData(4, 1, 0, 1.0, false)]
    [InlineData(6, 1, 0, 0.5, true)]
    [InlineData(4, 2, 0.7, 1.0, false)]
    [InlineData(6, 3, 1.5, 1.2, true)]
    public void BeamsEqualTheDefinition(int beams, int groups, double diversity, double penalty, bool early)
    {
        using var model = new FakeModel(vocabulary: 20);
        var options = new BeamOptions { Beams = beams, Groups = groups, DiversityPenalty = diversity, LengthPenalty = penalty, EarlyStopping = early };
        for (int end = 0; end < 6; end++)
        {
            var request = new GenerationRequest { Prompt = new[] { 3, 1 }, MaxNewTokens = 12, Beam = options, Count = beams, EndIds = [end] };
            GenerationResult actual = Runs.Alone(model, request);
            (int[] Ids, double Score)[] expected = Reference(model, request, end);
            Assert.Equal(expected.Length, actual.Choices.Count);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.Equal(expected[i].Ids, actual.Choices[i].TokenIds);
                Assert.Equal(expected[i].Score, actual.Choices[i].Score!.Value, 1e-5);
            }
        }
    }

    /// <summary>Log-probabilities of beams are those of the same text when it is scored, to the bit.</summary>
    [SharedTheory]
    [InlineData(null)]
    [InlineData(" the")]
    public void LogprobsOfBeamsAreThoseOfTheirTexts(string? stop)
    {
        string folder = Shared.Path("models", "stories260K");
        using Model model = Model.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        var request = new GenerationRequest
        {
            Prompt = tokenizer.Encode("Once upon a time"),
            MaxNewTokens = 25,
            Beam = new() { Beams = 4, LengthPenalty = 0 },
            Count = 4,
            Logprobs = 2,
            Tokenizer = tokenizer,
            StopStrings = stop is null ? [] : [stop],
        };
        foreach (GenerationChoice choice in Runs.Alone(loaded, request).Choices)
        {
            GenerationResult scored = Runs.Alone(loaded, new GenerationRequest
            {
                Prompt = (int[])[.. request.Prompt.Span, .. choice.TokenIds],
                MaxNewTokens = 0,
                PromptLogprobs = 2,
            });
            TokenLogprobs[] expected = [.. scored.PromptLogprobs!.Skip(request.Prompt.Length - 1)];
            Assert.Equal(expected.Select(e => (e.Chosen, e.Rank)), choice.Logprobs!.Select(a => (a.Chosen, a.Rank)));
            Assert.Equal(expected.SelectMany(e => e.Top), choice.Logprobs!.SelectMany(a => a.Top));
            Assert.Equal(expected.Sum(e => e.Chosen.Logprob), choice.Score!.Value, 1e-4);
        }
    }

    /// <summary>A stop string that a token has if and only if it ends with it is a stop id with another name.</summary>
    [SharedFact]
    public void StopStringsEndHypothesesAsStopIdsDo()
    {
        string folder = Shared.Path("models", "stories260K");
        using Model model = Model.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        int[] ids = [.. Enumerable.Range(0, loaded.VocabularySize).Where(id => tokenizer.Decode([id]).Contains('.'))];
        foreach (bool early in (bool[])[false, true])
        {
            var request = new GenerationRequest
            {
                Prompt = tokenizer.Encode("Once upon a time"),
                MaxNewTokens = 30,
                Beam = new() { Beams = 4, EarlyStopping = early },
                Count = 4,
                Tokenizer = tokenizer,
            };
            GenerationResult byId = Runs.Alone(loaded, request with { StopIds = ids });
            GenerationResult byText = Runs.Alone(loaded, request with { StopStrings = ["."] });
            Assert.Contains(byText.Choices, choice => choice.Finish == FinishReason.StopString);
            Assert.Equal(byId.Choices.Select(c => c.Score), byText.Choices.Select(c => c.Score));
            for (int i = 0; i < byId.Choices.Count; i++)
            {
                Assert.Equal(byId.Choices[i].TokenIds, byText.Choices[i].TokenIds);
                Assert.Equal(byId.Choices[i].Text, byText.Choices[i].Text);
                Assert.DoesNotContain(".", byText.Choices[i].Text);
            }
        }
    }

    /// <summary>A stop string across tokens ends a hypothesis too, and its text before it.</summary>
    [SharedFact]
    public void StopStringsLieAcrossTokens()
    {
        string folder = Shared.Path("models", "stories260K");
        using Model model = Model.Load(folder);
        Tokenizer tokenizer = Tokenizer.Load(folder);
        var loaded = new LoadedModel(model, CpuOps.Create(1));
        var request = new GenerationRequest { Prompt = tokenizer.Encode("Once upon a time"), MaxNewTokens = 30, Beam = new() { Beams = 3 }, Tokenizer = tokenizer };
        string text = Runs.Alone(loaded, request).Choices[0].Text;
        string stop = text.Substring(text.Length / 2, 5);
        GenerationChoice stopped = Runs.Alone(loaded, request with { StopStrings = [stop, "never there"], Count = 3 }).Choices.First(c => c.Finish == FinishReason.StopString);
        Assert.DoesNotContain(stop, stopped.Text);
        Assert.Contains(stop, tokenizer.Decode([.. request.Prompt.Span, .. stopped.TokenIds]));
        GenerationResult later = Runs.Alone(loaded, request with { StopStrings = [stop], MinNewTokens = 30, Count = 3 });
        Assert.All(later.Choices, choice => Assert.Equal(30, choice.TokenIds.Count));
    }

    [Fact]
    public void BeamsSharePages()
    {
        using var model = new FakeModel();
        using var core = new EngineCore(model, new EngineOptions { Pages = 200, PrefixCache = false });
        core.Add(new GenerationRequest { Prompt = new int[320], MaxNewTokens = 20, Beam = new() { Beams = 8 } });
        for (int i = 0; i < 10; i++)
            core.Step();
        EngineStatistics statistics = core.Statistics;
        Assert.Equal(8, core.Scheduler.Running[0].Live.Count);
        Assert.InRange(statistics.PagesUsed, 21, 28);
        Assert.True(statistics.PagesShared >= 20);
    }

    private static (int[] Ids, double Score)[] Reference(FakeModel model, GenerationRequest request, int end)
    {
        BeamOptions options = request.Beam!;
        int size = options.Beams / options.Groups;
        int[] prompt = request.Prompt.ToArray();
        var groups = Enumerable.Range(0, options.Groups).Select(_ => (
            Beams: new List<(int[] Ids, double Sum)> { ([], 0) }, Done: new List<(int[] Ids, double Score)>(), Last: new List<int>())).ToArray();
        bool[] isDone = new bool[groups.Length];
        for (int step = 1; step <= request.MaxNewTokens && isDone.Contains(false); step++)
        {
            for (int g = 0; g < groups.Length; g++)
            {
                if (isDone[g])
                    continue;
                var (beams, done, _) = groups[g];
                IEnumerable<int> earlier = groups.Take(g).SelectMany(other => other.Last);
                var candidates = beams.SelectMany((beam, index) => Logprobs(model, [.. prompt, .. beam.Ids]).Select((logprob, id) =>
                    (Index: index, Id: id, Sum: beam.Sum + (float)(logprob - options.DiversityPenalty * earlier.Count(e => e == id)))))
                    .OrderByDescending(c => c.Sum).Take(2 * size).ToArray();
                var next = new List<(int[], double)>();
                groups[g].Last.Clear();
                for (int rank = 0; rank < candidates.Length && next.Count < size; rank++)
                {
                    var candidate = candidates[rank];
                    int[] ids = [.. beams[candidate.Index].Ids, candidate.Id];
                    if (candidate.Id != end)
                    {
                        next.Add((ids, candidate.Sum));
                        groups[g].Last.Add(candidate.Id);
                    }
                    else if (rank < size)
                    {
                        Keep(done, size, ids, candidate.Sum / Math.Pow(step, options.LengthPenalty));
                    }
                }

                groups[g].Beams = next;
                isDone[g] = done.Count >= size && (options.EarlyStopping ||
                    done.Min(d => d.Score) >= candidates[0].Sum / Math.Pow(step, options.LengthPenalty));
            }
        }

        for (int g = 0; g < groups.Length; g++)
        {
            foreach ((int[] ids, double sum) in isDone[g] ? [] : groups[g].Beams)
                Keep(groups[g].Done, size, ids, sum / Math.Pow(ids.Length, options.LengthPenalty));
        }

        return [.. groups.SelectMany(g => g.Done).OrderByDescending(d => d.Score).Take(request.Count)];
    }

    private static void Keep(List<(int[] Ids, double Score)> done, int size, int[] ids, double score)
    {
        done.Add((ids, score));
        if (done.Count > size)
            done.Remove(done.MinBy(d => d.Score));
    }

    private static double[] Logprobs(FakeModel model, int[] ids)
    {
        RaggedBatch batch = new RaggedBatchBuilder().Add(ids).Build();
        using Tensor hidden = model.Forward(batch, null);
        using Tensor logits = model.Project(hidden, batch.OutputRows);
        double total = Math.Log(logits.Row(0).ToArray().Sum(l => Math.Exp(l)));
        return [.. logits.Row(0).ToArray().Select(l => (double)(float)(l - total))];
    }
}
