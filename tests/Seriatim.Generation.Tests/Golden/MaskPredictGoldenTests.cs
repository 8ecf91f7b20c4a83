using System.Text.Json;
using Seriatim.Formats;

namespace Seriatim.Generation.Tests;

/// <summary>
/// Every pass of every candidate of the golden cases of Mask-Predict, through the engine and all runs of a case at once: masks
/// and ids as they are, probabilities to 1e-5.
/// </summary>
public sealed class MaskPredictGoldenTests
{
    public static TheoryData<string> Cases()
    {
        var data = new TheoryData<string>();
        string[] folders = Shared.Folder is null ? [] : Directory.GetDirectories(Shared.Path("golden"));
        foreach (string folder in folders.Order(StringComparer.Ordinal))
        {
            string path = Path.Combine(folder, "generate.json");
            if (File.Exists(path) && File.ReadAllText(path).Contains("\"length_beam\"", StringComparison.Ordinal))
                data.Add(Path.GetFileName(folder));
        }

        if (data.Count == 0)
            data.Add("missing");
        return data;
    }

    [SharedTheory]
    [MemberData(nameof(Cases))]
    public async Task Every_pass_equals_the_reference(string name)
    {
        using Model model = Model.Load(Shared.Path("golden", name));
        using var core = new EngineCore(new LoadedModel(model, CpuOps.Create(2)),
            new EngineOptions { TokenBudget = 200, MaxSequences = 12 });
        using JsonDocument json = LenientJson.Parse(Shared.Path("golden", name, "generate.json"));
        var runs = new List<Run>();
        foreach (JsonElement prompt in json.RootElement.GetProperty("prompts").EnumerateArray())
        {
            foreach (JsonElement run in prompt.GetProperty("runs").EnumerateArray().Where(run => !IsAdaptive(run)))
                runs.Add(new Run(core, runs.Count + 1, Ids(prompt.GetProperty("src_ids")), run, $"{name}, run {runs.Count}"));
        }

        Assert.NotEmpty(runs);
        do
            runs.ForEach(run => run.Look());
        while (core.Step());
        foreach (Run run in runs)
            await run.CheckAsync();
    }

    /// <summary>The stock early stop, which can leave masks in a text: for information.</summary>
    private static bool IsAdaptive(JsonElement run) =>
        run.TryGetProperty("adaptive", out JsonElement value) && value.GetBoolean();

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private sealed class Run
    {
        private readonly GenerationHandle _handle;
        private readonly List<Task<RequestState>> _states = [];
        private readonly JsonElement _run;
        private readonly JsonElement[] _candidates;
        private readonly string _what;

        public Run(EngineCore core, int number, int[] source, JsonElement run, string what)
        {
            (_run, _what) = (run, what);
            _candidates = [.. run.GetProperty("candidates").EnumerateArray()];
            _handle = core.Add(new GenerationRequest
            {
                Prompt = default,
                EncoderInput = source,
                MaskPredict = new MaskPredictOptions
                {
                    Iterations = run.GetProperty("iterations").GetInt32(),
                    LengthCandidates = run.GetProperty("length_beam").GetInt32(),
                },
                Count = run.GetProperty("length_beam").GetInt32(),
                Logprobs = 0,
            }, number);
        }

        /// <summary>Asks for the state as it is before the next step.</summary>
        public void Look()
        {
            if (!_handle.Completion.IsCompleted)
                _states.Add(_handle.SnapshotAsync());
        }

        public async Task CheckAsync()
        {
            GenerationResult result = _handle.Result();
            var looked = new HashSet<int>();
            foreach (Task<RequestState> task in _states.Where(task => task.IsCompletedSuccessfully))
            {
                RequestState state = await task;
                if (state.HasBegun && looked.Add(state.Steps))
                    CheckPasses(state);
            }

            // Passes that mask nothing need no step of the engine.
            Assert.Contains(0, looked);
            GenerationChoice best = result.Choices[0];
            JsonElement right = _candidates[_run.GetProperty("best").GetInt32()];
            Assert.Equal(Ids(_run.GetProperty("new_ids")), best.TokenIds);
            Assert.Equal(right.GetProperty("score").GetDouble(), best.Score!.Value, 1e-5);
            foreach (JsonElement candidate in _candidates)
            {
                GenerationChoice choice = result.Choices.First(c =>
                    c.TokenIds.SequenceEqual(Ids(candidate.GetProperty("final_ids"))));
                Assert.Equal(candidate.GetProperty("score").GetDouble(), choice.Score!.Value, 1e-5);
                CheckScores(candidate.GetProperty("iterations").EnumerateArray().Last(), choice.Logprobs!, "the end");
            }
        }

        private void CheckPasses(RequestState state)
        {
            int at = 1;
            for (int i = 0; i < _candidates.Length; i++)
            {
                JsonElement[] passes = [.. _candidates[i].GetProperty("iterations").EnumerateArray()];
                SequenceState sequence = state.Live[i];
                int[] masked = [.. state.Numbers.Skip(at + 2).Take(state.Numbers[at + 1])];
                at += 2 + masked.Length;
                Assert.Equal(_candidates[i].GetProperty("length").GetInt32(), sequence.Tokens.Count);
                Assert.Equal(Ids(passes[state.Steps].GetProperty("masked")), masked);
                Assert.Equal(Ids(passes[state.Steps].GetProperty("input_ids")), sequence.Tokens);
                if (state.Steps == 0)
                    continue;
                Assert.Equal(Ids(passes[state.Steps - 1].GetProperty("ids")),
                    sequence.Logprobs!.Select(score => score.Chosen.TokenId));
                CheckScores(passes[state.Steps - 1], sequence.Logprobs!, $"pass {state.Steps}");
            }
        }

        private void CheckScores(JsonElement pass, IReadOnlyList<TokenLogprobs> made, string where)
        {
            bool logs = pass.TryGetProperty("log_probs", out JsonElement wanted);
            wanted = logs ? wanted : pass.GetProperty("probs");
            for (int i = 0; i < made.Count; i++)
            {
                double value = logs ? made[i].Chosen.Logprob : Math.Exp(made[i].Chosen.Logprob);
                Assert.True(Math.Abs(wanted[i].GetDouble() - value) < 1e-5,
                    $"{_what}, {where}, place {i}: {value}, expected {wanted[i]}");
            }
        }
    }
}
