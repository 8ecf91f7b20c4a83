namespace Seriatim.Generation.Tests;

/// <summary>Whole targets in the engine: the same bits in any company, streamed, saved, moved, refused by name.</summary>
public sealed class MaskPredictTests
{
    public static TheoryData<string> Kinds => TinyMaskPredict.Kinds;

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Fifty_requests_together_equal_themselves_alone(string kind)
    {
        using Model weights = TinyMaskPredict.Create(kind);
        var model = new LoadedModel(weights, CpuOps.Create(2));
        GenerationRequest[] requests = TinyMaskPredict.Requests(50, 3);
        GenerationResult[] expected = [.. requests.Select(request => Runs.Alone(model, request))];
        Assert.All(expected, result => Assert.All(result.Choices, choice => Assert.True(double.IsFinite(choice.Score!.Value))));
        Assert.True(expected.SelectMany(result => result.Choices).Select(choice => choice.TokenIds.Count).Distinct().Count() > 3);
        foreach ((int budget, int sequences, int faults) in new[] { (4096, 64, 0), (120, 5, 0), (200, 9, 7) })
        {
            using var core = new EngineCore(model, new EngineOptions { TokenBudget = budget, MaxSequences = sequences });
            int interruptions = faults;
            var random = new Random(budget);
            var handles = new List<GenerationHandle>();
            var whole = new List<TaskCompletionSource<EncodingResult>>();
            for (int step = 0; handles.Count < requests.Length || !core.IsIdle; step++)
            {
                for (int more = random.Next(4); more > 0 && handles.Count < requests.Length; more--)
                    handles.Add(core.Add(requests[handles.Count], handles.Count + 1));
                if (step % 5 == 0 && whole.Count < 6)
                {
                    whole.Add(new TaskCompletionSource<EncodingResult>());
                    core.Add(new EncodingRequest { Tokens = new[] { 7, 8, 9 }, Pooling = PoolingKind.Mean }, 1000 + step,
                        whole[^1], default);
                }

                if (interruptions > 0 && step % 4 == 3)
                {
                    interruptions--;
                    core.Recover(new InvalidDataException("on purpose"), again: false);
                }

                core.Step();
                Assert.Null(core.LastFailure);
            }

            for (int i = 0; i < requests.Length; i++)
                Runs.Equal(expected[i], handles[i].Result(), $"request {i} of {kind}, budget {budget}");
            Assert.Single(whole.Select(one => string.Join(' ', one.Task.Result.Embedding!)).Distinct());
            Assert.Null(core.Pools);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Suppressed_ids_are_never_given(string kind)
    {
        using Model weights = TinyMaskPredict.Create(kind);
        var model = new LoadedModel(weights, CpuOps.Create(1));
        MaskPredictSpec spec = weights.Spec.MaskPredict!;
        foreach (GenerationRequest request in TinyMaskPredict.Requests(8, 4))
        {
            int[] free = [.. Runs.Alone(model, request).Choices[0].TokenIds.Skip(spec.First)];
            var constraints = new TokenConstraints { Suppressed = [free[0]] };
            GenerationResult bound = Runs.Alone(model, request with
            {
                Sampling = request.Sampling with { Constraints = constraints },
            });
            IReadOnlyList<int> made = bound.Choices[0].TokenIds;
            Assert.DoesNotContain(free[0], made.Skip(spec.First).Take(spec.Predicted(made.Count)));
        }
    }

    /// <summary>A frame around nothing has no improbable token; it must not be the most probable translation for that.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_empty_candidate_never_wins(string kind)
    {
        using Model weights = TinyMaskPredict.Create(kind);
        var model = new LoadedModel(weights, CpuOps.Create(1));
        foreach (GenerationRequest request in TinyMaskPredict.Requests(6, 5))
        {
            GenerationResult result = Runs.Alone(model, request with
            {
                Count = 1,
                MinNewTokens = 0,
                MaxNewTokens = 12,
                MaskPredict = new MaskPredictOptions { Iterations = 2, LengthCandidates = 21 },
            });
            Assert.True(weights.Spec.MaskPredict!.Predicted(result.Choices[0].TokenIds.Count) > 0);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Requests_that_move_at_random_steps_equal_themselves_alone(string kind)
    {
        using Model weights = TinyMaskPredict.Create(kind);
        var model = new LoadedModel(weights, CpuOps.Create(1));
        GenerationRequest[] requests = TinyMaskPredict.Requests(60, 8);
        using var first = new EngineCore(model, new EngineOptions { TokenBudget = 160, MaxSequences = 8 });
        using var second = new EngineCore(model, new EngineOptions { TokenBudget = 300, MaxSequences = 12 });
        var moves = new Moves([first, second], requests, new Random(5),
            bytes: kind.StartsWith("paper", StringComparison.Ordinal));
        GenerationResult[] actual = await moves.RunAsync();
        Assert.True(moves.Total > 10, $"{moves.Total} moves");
        for (int i = 0; i < requests.Length; i++)
            Runs.Equal(Runs.Alone(model, requests[i]), actual[i], $"request {i}, moved {moves.Count(i)} times");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_pass_is_streamed_before_the_tokens(string kind)
    {
        using Model weights = TinyMaskPredict.Create(kind);
        MaskPredictSpec spec = weights.Spec.MaskPredict!;
        await using var engine = new GenerationEngine(new LoadedModel(weights, CpuOps.Create(1)), new EngineOptions());
        GenerationHandle handle = engine.Submit(new GenerationRequest
        {
            Prompt = default,
            EncoderInput = new[] { 9, 17, 33, 12, 40, 2 },
            MaskPredict = new MaskPredictOptions { Iterations = 5, StreamsSteps = true },
            MinNewTokens = 8,
        });
        var steps = new List<RefinementStep>();
        var tokens = new List<int>();
        await foreach (GenerationUpdate update in handle)
        {
            if (update.Refinement is { } step)
            {
                Assert.Empty(tokens);
                Assert.Null(update.TokenId);
                steps.Add(step);
            }
            else
            {
                tokens.Add(update.TokenId!.Value);
            }
        }

        GenerationChoice choice = (await handle.Completion).Choices[0];
        Assert.Equal(choice.TokenIds, tokens);
        Assert.Equal([1, 2, 3, 4, 5], steps.Select(step => step.Pass));
        Assert.Equal(choice.TokenIds, steps[^1].TokenIds);
        for (int i = 0; i < steps.Count; i++)
        {
            int length = steps[i].TokenIds.Count;
            Assert.Equal(length, steps[i].Logprobs.Count);
            int masked = i == 4 ? 0 : spec.MaskedIn(length, i + 1, 5);
            Assert.True(steps[i].Masked.Count >= masked, $"pass {i + 1}: {steps[i].Masked.Count} masked, {masked} at least");

            // What is masked is less certain than what is not, and nothing but it changes in the next pass.
            if (steps[i].Masked.Count is > 0 and var count && count == masked && i < 4)
            {
                double worst = steps[i].Masked.Max(place => steps[i].Logprobs[place]);
                int[] kept = [.. Enumerable.Range(0, length).Except(steps[i].Masked)];
                Assert.All(kept, place => Assert.True(steps[i].Logprobs[place] >= worst));
                Assert.All(kept, place => Assert.Equal(steps[i].TokenIds[place], steps[i + 1].TokenIds[place]));
            }
        }

        if (spec.Frame is { } frame)
            Assert.Equal((frame.Begin, frame.End), (tokens[0], tokens[^1]));
    }

    [Theory]
    [InlineData(5, 1, 5, 4)]
    [InlineData(5, 4, 5, 1)]
    [InlineData(10, 3, 10, 7)]
    [InlineData(7, 3, 4, 1)]
    [InlineData(3, 3, 4, 0)]
    public void The_count_of_masks_is_in_integers(int tokens, int pass, int passes, int masked)
    {
        var lengths = new LengthSpec(LengthSource.Mean, 256, 200);
        var framed = new MaskPredictSpec(3, lengths) { Frame = new TargetFrame(0, 2) };
        Assert.Equal(masked, framed.MaskedIn(tokens + 2, pass, passes));
        Assert.Equal(Math.Max(1, masked), new MaskPredictSpec(4, lengths) { AlwaysMasks = true }.MaskedIn(tokens, pass, passes));
    }

    [Fact]
    public void A_length_beyond_the_most_new_tokens_is_cut_and_said()
    {
        using Model weights = TinyMaskPredict.Create("fairseq");
        var model = new LoadedModel(weights, CpuOps.Create(1));
        GenerationRequest request = TinyMaskPredict.Requests(1, 1)[0] with
        {
            MaxNewTokens = null,
            MinNewTokens = 0,
            Count = 1,
            MaskPredict = new(),
        };
        GenerationChoice whole = Runs.Alone(model, request).Choices[0];
        Assert.Equal(FinishReason.EndOfSequence, whole.Finish);
        GenerationChoice cut = Runs.Alone(model, request with { MaxNewTokens = whole.TokenIds.Count - 1 }).Choices[0];
        Assert.Equal((FinishReason.Length, whole.TokenIds.Count - 1), (cut.Finish, cut.TokenIds.Count));
    }

    [Fact]
    public async Task Cancelling_and_the_end_of_the_time_concern_one_request()
    {
        using Model weights = TinyMaskPredict.Create("fairseq");
        var model = new LoadedModel(weights, CpuOps.Create(1));
        GenerationRequest request = TinyMaskPredict.Requests(1, 1)[0] with { MaskPredict = new() { Iterations = 6 }, Count = 1 };
        GenerationResult expected = Runs.Alone(model, request);
        using var stop = new CancellationTokenSource();
        var clock = new FakeClock();
        using var core = new EngineCore(model, new EngineOptions { Clock = clock });
        GenerationHandle cancelled = core.Add(request, 1, stop.Token);
        GenerationHandle late = core.AddAt(request with { Timeout = TimeSpan.FromSeconds(5) }, 2, clock);
        GenerationHandle never = core.AddAt(request with { Timeout = TimeSpan.FromSeconds(1), Priority = -1 }, 4, clock);
        GenerationHandle other = core.AddAt(request, 3, clock);
        clock.Now += TimeSpan.FromSeconds(2);
        core.Step();
        core.Step();
        clock.Now += TimeSpan.FromSeconds(9);
        await stop.CancelAsync();
        core.Drain();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.Completion);
        Assert.Equal((FinishReason.Timeout, 0), (never.Result().Choices[0].Finish, never.Result().Choices[0].TokenIds.Count));
        Assert.Equal(FinishReason.Timeout, late.Result().Choices[0].Finish);
        Assert.Equal(expected.Choices[0].TokenIds.Count, late.Result().Choices[0].TokenIds.Count);
        Runs.Equal(expected, other.Result(), "beside");
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_its_name()
    {
        using Model weights = TinyMaskPredict.Create("fairseq");
        using var core = new EngineCore(new LoadedModel(weights, CpuOps.Create(1)),
            new EngineOptions { TokenBudget = 40, MaxSequences = 20 });
        GenerationRequest good = new() { Prompt = default, EncoderInput = new[] { 1, 2 }, MaskPredict = new() };
        core.Check(good);
        Refused("MaskPredict", good with { MaskPredict = null, Prompt = new[] { 0 } });
        Refused("Prompt", good with { Prompt = new[] { 0 } });
        Refused("EncoderInput", good with { EncoderInput = default });
        Refused("Beam", good with { Beam = new BeamOptions { Beams = 2 } });
        Refused("Count", good with { Count = 2 });
        Refused("MaskPredict.Iterations", good with { MaskPredict = new() { Iterations = 0 } });
        Refused("MaskPredict.LengthCandidates", good with { MaskPredict = new() { LengthCandidates = 0 } });
        Refused("Sampling", good with { Sampling = new() { TopK = 5 } });
        Refused("Sampling", good with { Sampling = new() { Penalties = new() { Repetition = 1.5f } } });
        Refused("StopIds", good with { StopIds = [3] });
        Refused("ForcedPrefix", good with { ForcedPrefix = [3] });
        Refused("PromptLogprobs", good with { PromptLogprobs = 0 });
        Refused("MinNewTokens", good with { MinNewTokens = 9, MaxNewTokens = 4 });
        using (var decoder = new FakeModel())
        using (var other = new EngineCore(decoder, Runs.Roomy))
        {
            Assert.Equal("MaskPredict", Assert.Throws<InvalidOptionException>(() =>
                other.Check(new GenerationRequest { Prompt = new[] { 1 }, MaskPredict = new() })).Option);
        }

        // Candidates step together: all of them have to fit into a step.
        GenerationHandle large = core.Add(good with { MaskPredict = new() { LengthCandidates = 6 }, MinNewTokens = 20 }, 1);
        GenerationHandle beside = core.Add(good, 2);
        core.Drain();
        Assert.Equal(40, (await Assert.ThrowsAsync<RequestTooLargeException>(() => large.Completion)).Available);
        Assert.NotEmpty(beside.Result().Choices);

        void Refused(string option, GenerationRequest request) =>
            Assert.Equal(option, Assert.Throws<InvalidOptionException>(() => core.Check(request)).Option);
    }

    [Fact]
    public async Task Logits_that_are_no_numbers_fail_their_request_by_name()
    {
        using Model weights = TinyMaskPredict.Create("paper");
        var broken = new Broken(new LoadedModel(weights, CpuOps.Create(1)));
        using var core = new EngineCore(broken, new EngineOptions());
        GenerationRequest good = new() { Prompt = default, EncoderInput = new[] { 1, 2 }, MaskPredict = new() };
        GenerationHandle handle = core.Add(good);
        core.Drain();
        await Assert.ThrowsAsync<NoCandidateException>(() => handle.Completion);
        broken.IsWhole = true;
        handle = core.Add(good, 2);
        core.Drain();
        Assert.NotEmpty(handle.Result().Choices);
    }

    private sealed class Broken(IGenerationModel inner) : DelegatingModel(inner)
    {
        public bool IsWhole { get; set; }

        public override Tensor LengthLogits(RaggedBatch source, Tensor encoded)
        {
            if (IsWhole)
                return base.LengthLogits(source, encoded);
            using Tensor logits = base.LengthLogits(source, encoded);
            return Upload(Enumerable.Repeat(float.NaN, (int)logits.Length).ToArray(), logits.Columns);
        }
    }
}
