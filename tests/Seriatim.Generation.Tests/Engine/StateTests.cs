using System.Text;
using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>A request is a value: it leaves an engine at any step, is saved, and goes on elsewhere to the same end.</summary>
public sealed class StateTests
{
    [Theory]
    [InlineData(Remembers.Pages, ModelCapability.Decoder, 0)]
    [InlineData(Remembers.Pages, ModelCapability.Decoder, 1)]
    [InlineData(Remembers.Both, ModelCapability.Decoder, 2)]
    [InlineData(Remembers.Pages, ModelCapability.EncoderDecoder, 3)]
    public async Task Two_hundred_requests_that_move_at_random_steps_equal_themselves_alone(Remembers kinds,
        ModelCapability capability, int seed)
    {
        using var model = new FakeModel(remembers: kinds, capability: capability);
        using var draft = new FakeModel(seed: 2, remembers: kinds);
        bool encodes = capability == ModelCapability.EncoderDecoder;
        GenerationRequest[] requests = Mixture.Requests(200, 31 + seed, model.VocabularySize, drafts: !encodes,
            longest: encodes ? 4 : 60, encoder: encodes ? [] : null);
        GenerationResult[] expected = [.. requests.Select(r => Runs.Alone(model, r with { Speculation = null }))];
        var options = new EngineOptions
        {
            Pages = 64,
            States = 200,
            PageSize = 8,
            TokenBudget = 96,
            MaxSequences = 24,
            DraftModel = encodes ? null : draft,
        };
        using var first = new EngineCore(model, options);
        using var second = new EngineCore(model,
            options with { Pages = 48, PageSize = 16, TokenBudget = 64, PrefixCache = false });
        EngineCore[] engines = [first, second];
        var random = new Random(seed);
        var moves = new Moves(engines, requests, random, bytes: seed % 2 == 0);
        GenerationResult[] actual = await moves.RunAsync();
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(expected[i], actual[i], $"request {i}, moved {moves.Count(i)} times, {requests[i]}");
        Assert.True(moves.Total > 100, $"{moves.Total} moves");
        for (int i = 0; i < requests.Length; i++)
        {
            if (requests[i].Beam is null && (requests[i].BestOf ?? requests[i].Count) == requests[i].Count)
                Assert.Equal(expected[i].Choices.SelectMany(choice => choice.TokenIds), moves.Streamed(i));
        }

        foreach (EngineCore engine in engines)
        {
            engine.Cache?.Clear();
            for (int kind = 0; kind < engine.Pools!.Count; kind++)
                Assert.Equal(engine.Pools[kind].Units, engine.Pools[kind].Free);
        }
    }

    [SharedFact]
    public async Task Text_goes_on_where_it_stopped()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        using var model = new FakeModel(vocabulary: tokenizer.VocabularySize) { Preference = 0 };
        GenerationRequest request = new()
        {
            Prompt = tokenizer.Encode("Once upon a time"),
            MaxNewTokens = 40,
            Tokenizer = tokenizer,
            StopStrings = ["qx", "e e", "zz"],
            Seed = 5,
            Count = 2,
            Logprobs = 1,
        };
        GenerationRequest[] kinds =
        [
            request, request with { Beam = new() { Beams = 4 }, MinNewTokens = 3 }, request with { BestOf = 4 },
            request with { StopStrings = ["e", "a", "o"], MinNewTokens = 35 },
        ];
        foreach (GenerationRequest one in kinds)
        {
            using var alone = new EngineCore(model, Runs.Roomy);
            GenerationHandle handle = alone.Add(one);
            alone.Drain();
            (GenerationResult expected, string expectedText) = (handle.Result(), await TextOf(handle));
            for (int at = 0; at < 30; at += 3)
            {
                using var first = new EngineCore(model, Runs.Roomy);
                using var second = new EngineCore(model, Runs.Roomy);
                GenerationHandle before = first.Add(one);
                for (int step = 0; step < at; step++)
                    first.Step();
                Task<RequestState> leaving = before.ExportAsync();
                first.Step();
                if (leaving.IsFaulted)
                    break;
                RequestState state = RequestState.FromJson((await leaving).ToJson(),
                    new RequestStateSources { Tokenizer = tokenizer });
                GenerationHandle after = second.Add(state, 7);
                second.Drain();
                Runs.Equal(expected, after.Result(), $"moved after {at} steps");
                Assert.Equal(expectedText, await TextOf(before, after));
                await Assert.ThrowsAsync<RequestMovedException>(() => before.Completion);
            }
        }
    }

    [Fact]
    public async Task A_snapshot_leaves_the_request_alone()
    {
        using var model = new FakeModel();
        GenerationRequest request = new()
        {
            Prompt = new[] { 1, 2, 3 },
            MaxNewTokens = 20,
            Seed = 3,
            Sampling = new() { Mirostat = new() },
        };
        GenerationResult expected = Runs.Alone(model, request);
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(request);
        core.Step();
        core.Step();
        Task<RequestState> copying = handle.SnapshotAsync();
        core.Drain();
        Runs.Equal(expected, handle.Result(), "the request");
        RequestState state = await copying;
        Assert.InRange(state.Live[0].NewTokens, 1, 19);
        RequestState copy = state.Copy();
        Runs.Equal(expected, Runs.Finish(model, state), "the copy");
        Runs.Equal(expected, Runs.Finish(model, copy), "the copy of the copy");
        await Assert.ThrowsAsync<InvalidOperationException>(() => handle.ExportAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => handle.SnapshotAsync());
    }

    [Fact]
    public void What_a_processor_has_learnt_from_tokens_is_learnt_again_elsewhere()
    {
        using var model = new FakeModel { Preference = 0 };
        GenerationRequest request = new()
        {
            Prompt = new[] { 1, 2, 3 },
            MaxNewTokens = 20,
            Seed = 3,
            Sampling = new() { Processors = [new NeverAgain()] },
        };
        GenerationResult expected = Runs.Alone(model, request);
        Assert.Equal(20, expected.Choices[0].TokenIds.Distinct().Count());
        Assert.NotEqual(expected.Choices[0].TokenIds, Runs.Alone(model, request with { Sampling = new() }).Choices[0].TokenIds);
        var sources = new RequestStateSources { Processors = [new NeverAgain()] };
        for (int steps = 1; steps < 20; steps += 4)
        {
            RequestState state = RequestState.FromBytes(StateOf(model, request, steps)!.ToBytes(), sources);
            Runs.Equal(expected, Runs.Finish(model, state), $"moved after {steps} steps");
        }
    }

    [Fact]
    public void Both_forms_keep_everything()
    {
        using var model = new FakeModel();
        GenerationRequest[] requests = Mixture.Requests(60, 9, model.VocabularySize);
        requests[0] = requests[0] with
        {
            Window = new AttentionWindow(64, 4),
            Rope = new RopeChange(new RopeScaling.Yarn(2, 128, 32, 1, 1.07), 12345.5),
            Timeout = TimeSpan.FromHours(3),
            Sampling = new()
            {
                Constraints = new()
                {
                    LogitBias = new Dictionary<int, float> { [3] = float.NegativeInfinity, [4] = 0.1f },
                    Allowed = [1, 2, 3, 4],
                },
            },
        };
        foreach (GenerationRequest request in requests)
        {
            RequestState state = StateOf(model, request with { Rope = null }, steps: 3) is { } begun && request.Rope is null
                ? begun : RequestState.Of(request with { EndIds = [], MaxNewTokens = request.MaxNewTokens ?? 5, Seed = 1 });
            string json = state.ToJson();
            Assert.Equal(json, RequestState.FromJson(json).ToJson());
            Assert.Equal(json, RequestState.FromBytes(state.ToBytes()).ToJson());
            Assert.Equal(json, state.Copy().ToJson());
        }
    }

    [Fact]
    public async Task Groups_of_beams_that_are_done_go_on_keeping_others_away()
    {
        using var model = new FakeModel { Preference = 0 };
        int done = 0, matters = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            GenerationRequest request = new()
            {
                Prompt = new[] { seed, 2, 3 },
                MaxNewTokens = 14,
                Beam = new() { Beams = 4, Groups = 2, DiversityPenalty = 1.5, EarlyStopping = true },
                Count = 4,
                EndIds = [1, 2, 3, 4, 5, 6, 7, 8],
                Seed = 1,
            };
            GenerationResult expected = Runs.Alone(model, request);
            using var core = new EngineCore(model, Runs.Roomy);
            GenerationHandle handle = core.Add(request);
            RequestState? with = null;
            for (int step = 0; step < 12 && with is null; step++)
            {
                core.Step();
                Task<RequestState> copying = handle.SnapshotAsync();
                core.Step();
                if (copying.IsCompletedSuccessfully && (await copying).Numbers.Count > 0)
                    with = await copying;
            }

            if (with is null)
                continue;
            done++;
            Assert.Equal(with.ToJson(), with.Copy().ToJson());
            RequestState read = RequestState.FromBytes(with.ToBytes()), without = with.Copy();
            without.Numbers.Clear();
            Runs.Equal(expected, Runs.Finish(model, with), "copied");
            Runs.Equal(expected, Runs.Finish(model, read), "read");
            matters += Runs.Finish(model, without).Choices.Zip(expected.Choices)
                .Any(pair => !pair.First.TokenIds.SequenceEqual(pair.Second.TokenIds)) ? 1 : 0;
        }

        Assert.True(done > 5 && matters > 0, $"{done} with a group that is done, in {matters} what it chose changes something");
    }

    [Fact]
    public void Damaged_states_are_refused_wherever_they_are_damaged()
    {
        using var model = new FakeModel();
        RequestState state = StateOf(model,
            new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 20, Seed = 3, Logprobs = 1 }, 5)!;
        byte[] bytes = state.ToBytes();
        string json = state.ToJson();
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(bytes.AsSpan(0, length)));
        var random = new Random(4);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= (byte)random.Next(1, 256);
            Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(changed));
        }

        for (int i = 0; i < 400; i++)
        {
            char[] changed = json.ToCharArray();
            changed[random.Next(changed.Length)] = (char)random.Next(32, 127);
            if (new string(changed) != json)
                Assert.Throws<InvalidStateException>(() => RequestState.FromJson(new string(changed)));
        }

        Assert.Equal("version", Refusal(json, "\"version\":1", "\"version\":2"));
        Assert.Equal("format", Refusal(json, "seriatim-request-state", "another"));
        Assert.Equal("checksum", Refusal(json, "\"tokens\":[1,", "\"tokens\":[2,"));
        Assert.Equal("JSON form", Refusal(json, "\"hasBegun\"", "\"hasBegan\""));
        byte[] later = [.. bytes];
        later[8] = 2;
        Assert.Contains("a later Seriatim wrote it",
            Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(later)).Message);
    }

    [Fact]
    public void States_of_another_model_or_without_what_they_name_are_refused_by_name()
    {
        using var model = new FakeModel();
        using var other = new FakeModel(seed: 99);
        RequestState state = StateOf(model,
            new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 20, Seed = 3 }, 5)!;
        using var core = new EngineCore(other, Runs.Roomy);
        var refused = Assert.Throws<InvalidStateException>(() => core.Check(state));
        Assert.Equal("model", refused.What);
        Assert.Contains(model.FingerprintOf(null), refused.Message);
        using var small = new EngineCore(model, new EngineOptions { Pages = 1, PageSize = 4 });
        Assert.Throws<RequestTooLargeException>(() => small.Check(state));
    }

    [SharedFact]
    public void States_want_the_tokenizer_they_had()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        using var model = new FakeModel(vocabulary: tokenizer.VocabularySize);
        RequestState state = StateOf(model,
            new GenerationRequest { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 20, Seed = 3, Tokenizer = tokenizer }, 5)!;
        string json = state.ToJson();
        Assert.Contains(tokenizer.Fingerprint, Assert.Throws<InvalidStateException>(() => RequestState.FromJson(json)).Message);
        RequestState read = RequestState.FromJson(json, new RequestStateSources { Tokenizer = tokenizer });
        Runs.Equal(Runs.Finish(model, state), Runs.Finish(model, read), "read");
    }

    private static string Refusal(string json, string what, string other)
    {
        Assert.Contains(what, json);
        return Assert.Throws<InvalidStateException>(() => RequestState.FromJson(json.Replace(what, other))).What;
    }

    internal static RequestState? StateOf(FakeModel model, GenerationRequest request, int steps)
    {
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(request);
        for (int i = 0; i < steps; i++)
            core.Step();
        Task<RequestState> leaving = handle.ExportAsync();
        core.Step();
        return leaving.IsCompletedSuccessfully ? leaving.Result : null;
    }

    private static async Task<string> TextOf(params GenerationHandle[] handles)
    {
        var texts = new SortedDictionary<int, StringBuilder>();
        foreach (GenerationHandle handle in handles)
        {
            await foreach (GenerationUpdate update in handle)
            {
                if (!texts.TryGetValue(update.Choice, out StringBuilder? text))
                    texts.Add(update.Choice, text = new StringBuilder());
                text.Append(update.Text);
            }
        }

        return string.Join('|', texts.Select(text => $"{text.Key}:{text.Value}"));
    }

    /// <summary>No token comes a second time: it remembers those it was told of.</summary>
    private sealed class NeverAgain : LogitsProcessor
    {
        private readonly HashSet<int> _seen = [];

        public override void Apply(LogitsRow row)
        {
            foreach (int token in _seen)
                row.Drop(token);
        }

        public override void Accept(int token) => _seen.Add(token);

        public override LogitsProcessor Copy()
        {
            var copy = new NeverAgain();
            copy._seen.UnionWith(_seen);
            return copy;
        }
    }
}
