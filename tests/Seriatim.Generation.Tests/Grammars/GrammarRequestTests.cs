using Seriatim.Tokenizers;

namespace Seriatim.Generation.Tests;

/// <summary>A grammar among everything else that a request can ask for: the same bits, whatever happens on the way.</summary>
public sealed class GrammarRequestTests
{
    private const string Records = """
        root ::= "[" record (", " record)* "]"
        record ::= "{\"name\": \"" [a-z]{1,6} "\", \"ids\": [" (num ("," num)*)? "], \"kind\": " ("\"left\"" | "\"right\"" | root) "}"
        num ::= "-"? ("0" | [1-9] [0-9]{0,3})
        """;

    private static readonly Tokenizer Tokens = MadeTokenizer.Of(Words(), "</s>", "<pad>");

    private static readonly Grammar Made = Grammar.Gbnf(Records);

    /// <summary>Items that have come are a part of the state: what is forked, put aside and saved must not mix them.</summary>
    private static readonly Grammar Distinct = Grammar.JsonSchema("""
        {"type":"object","additionalProperties":false,"required":["ids","name"],"properties":{
         "ids":{"type":"array","uniqueItems":true,"minItems":4,"items":{"type":"integer","minimum":0,"maximum":13}},
         "name":{"type":"array","uniqueItems":true,"minItems":2,"maxItems":4,
                 "items":{"anyOf":[{"enum":["left","right","the","ab"]},{"type":"boolean"},
                                   {"type":"string","pattern":"^[a-z]{1,9}$"}]}}}}
        """, new() { Spacing = JsonSpacing.Compact });

    private static int End => Tokens.VocabularySize - 2;

    private static readonly string[] Names =
    [
        "greedy", "sampled", "truncated", "n", "best", "beams", "groups", "logprobs", "fixed", "distinct", "distinct n",
        "distinct beams",
    ];

    public static TheoryData<string> Kinds => [.. Names];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NothingThatHappensOnTheWayChangesAnAnswer(string kind)
    {
        using FakeModel model = Model();
        using FakeModel draft = Model(9);
        GenerationRequest request = Request(kind);
        GenerationResult alone = Runs.Alone(model, request);
        foreach (GenerationChoice choice in alone.Choices)
            Follows(choice);

        // In a batch, with little memory, so that requests are put aside, and with prompts that were computed before.
        GenerationRequest[] others = [.. Enumerable.Range(0, 5).Select(i => Request(Names[i]) with { Seed = (ulong)i })];
        var tight = new EngineOptions { Pages = 64, PageSize = 4, TokenBudget = 24, MaxSequences = 12 };
        using (var core = new EngineCore(model, tight))
        {
            GenerationHandle first = core.Add(request, 1);
            GenerationHandle[] handles = [.. others.Select((other, i) => core.Add(other with { Priority = i % 2 }, i + 2))];
            GenerationHandle again = core.Add(request, 100);
            core.Drain();
            Runs.Equal(alone, first.Result(), $"{kind} in a batch");
            Runs.Equal(alone, again.Result(), $"{kind} in a batch, later");
            Assert.Contains(handles.Append(first).Append(again), handle => handle.Result().Usage.Preemptions > 0);
        }

        Runs.Equal(alone, Runs.Alone(model, request, Runs.Roomy with { JumpsForward = false }), $"{kind} step by step");
        if (request.Beam is not null)
            return;
        foreach (SpeculationOptions drafts in new SpeculationOptions[]
        {
            new() { Always = true, MaxTokens = 6 }, new() { Always = true, MaxTokens = 8, Branches = 3, MinNgram = 1 },
            new() { Kind = SpeculationKind.DraftModel, Always = true, MaxTokens = 4 },
        })
        {
            GenerationResult fast = Runs.Alone(model, request with { Speculation = drafts },
                Runs.Roomy with { DraftModel = draft });
            Runs.Equal(alone, fast, $"{kind} with {drafts.Kind}");
            Runs.Equal(alone, Runs.Alone(model, request with { Speculation = drafts },
                Runs.Roomy with { DraftModel = draft, JumpsForward = false }), $"{kind} with {drafts.Kind}, step by step");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ARequestThatIsSavedGoesOnAsIfNothingHadHappened(string kind)
    {
        using FakeModel model = Model();
        GenerationRequest request = Request(kind);
        GenerationResult alone = Runs.Alone(model, request);
        for (int steps = 1; steps < 30; steps += 7)
        {
            using var core = new EngineCore(model, Runs.Roomy);
            GenerationHandle handle = core.Add(request);
            for (int i = 0; i < steps; i++)
                core.Step();
            if (handle.Completion.IsCompleted)
                break;
            Task<RequestState> leaving = handle.ExportAsync();
            core.Step();
            var sources = new RequestStateSources { Tokenizer = Tokens };
            RequestState state = await leaving;
            state = steps % 2 == 0
                ? RequestState.FromBytes(state.ToBytes(), sources)
                : RequestState.FromJson(state.ToJson(), sources);
            Assert.Equal(request.Sampling.Grammar!.Source, state.Request.Sampling.Grammar!.Source);
            Runs.Equal(alone, Runs.Finish(model, state), $"{kind} saved after {steps} steps");
        }
    }

    [Fact]
    public void TokensThatAreCertainNeedNoPassOfTheirOwn()
    {
        using FakeModel model = new(vocabulary: MadeTokenizer.Bytes.VocabularySize);
        GenerationRequest request = Request("logprobs") with
        {
            Tokenizer = MadeTokenizer.Bytes,
            EndIds = [MadeTokenizer.Bytes.VocabularySize - 1],
            Sampling = new() { Grammar = Grammar.Gbnf("""root ::= "{\"name\": \"" [ab] "\", \"number\": " [1-4] "}" """) },
        };
        GenerationResult slow = Runs.Alone(model, request, Runs.Roomy with { JumpsForward = false });
        long passes = model.Passes;
        GenerationResult fast = Runs.Alone(model, request);
        Runs.Equal(slow, fast, "jump forward");
        Assert.Equal(FinishReason.EndOfSequence, fast.Choices[0].Finish);
        Assert.Equal(27, fast.Choices[0].TokenIds.Count);
        Assert.Equal(27, passes);
        Assert.True(model.Passes - passes <= 6, $"{model.Passes - passes} passes");
        Assert.Equal(0, fast.Usage.DraftTokens);
    }

    [Theory]
    [InlineData("sampled")]
    [InlineData("n")]
    [InlineData("beams")]
    public void WithoutEndIdsATextEndsByItself(string kind)
    {
        using FakeModel model = Model();
        GenerationRequest request = Request(kind);
        request = request with
        {
            EndIds = [],
            Sampling = request.Sampling with { Grammar = Grammar.Choice(["left", "right", "center"]) },
        };
        foreach (GenerationChoice choice in Runs.Alone(model, request).Choices)
        {
            Assert.Equal(FinishReason.Grammar, choice.Finish);
            Assert.Contains(choice.Text, (string[])["left", "right", "center"]);
        }

        GenerationRequest ignoring = request with { EndIds = [End], IgnoreEndIds = true };
        Assert.All(Runs.Alone(model, ignoring).Choices, choice => Assert.Equal(FinishReason.Grammar, choice.Finish));
    }

    [Fact]
    public void AnAnswerIsCutAtItsMostTokens()
    {
        using FakeModel model = Model();
        GenerationResult cut = Runs.Alone(model, Request("greedy") with { MaxNewTokens = 5 });
        Assert.Equal(FinishReason.Length, cut.Choices[0].Finish);
        Follows(cut.Choices[0]);
        GenerationResult forced = Runs.Alone(model, Request("greedy") with { MaxNewTokens = 5, ForcedEndId = End });
        Assert.Equal(End, forced.Choices[0].TokenIds[^1]);
    }

    [Fact]
    public void StopsAreHonoured()
    {
        using FakeModel model = Model();
        GenerationResult stopped = Runs.Alone(model, Request("sampled") with { StopStrings = ["\", \"ids"] });
        Assert.Equal(FinishReason.StopString, stopped.Choices[0].Finish);
        Assert.Matches("^\\[\\{\"name\": \"[a-z]+$", stopped.Choices[0].Text);

        // Where the text may end, what stops may come as well, if it is no part of the text.
        GenerationResult pad = Runs.Alone(model, Request("sampled") with
        {
            EndIds = [],
            StopIds = [End],
            Sampling = new() { Grammar = Grammar.Gbnf("root ::= \"a\" \"a\"{0,3}") },
        });
        Assert.True(pad.Choices[0].Finish is FinishReason.StopId or FinishReason.Grammar);
        Assert.Matches("^a+$", pad.Choices[0].Text);
    }

    [SharedFact]
    public void AnAnswerOfAnEncoderDecoderBeginsWithoutTheBlankOfItsFirstToken()
    {
        Tokenizer tokenizer = Tokenizer.Load(Shared.Path("models", "stories260K"));
        using var model = new FakeModel(vocabulary: tokenizer.VocabularySize, capability: ModelCapability.EncoderDecoder);
        for (ulong seed = 0; seed < 10; seed++)
        {
            GenerationResult result = Runs.Alone(model, new GenerationRequest
            {
                Prompt = new[] { 1 },
                EncoderInput = new[] { 5, 6, 7 },
                MaxNewTokens = 20,
                Seed = seed,
                Tokenizer = tokenizer,
                EndIds = [2],
                Sampling = new() { Grammar = Grammar.Choice(["yes", "no"]) },
            });
            Assert.Contains(result.Choices[0].Text, (string[])["yes", "no"]);
        }
    }

    [Fact]
    public void ContradictionsAreErrorsAndNeverAnswers()
    {
        using FakeModel model = Model();
        GenerationRequest request = Request("sampled");
        InvalidOptionException refused = Assert.Throws<InvalidOptionException>(() =>
            Runs.Alone(model, request with { Tokenizer = null }));
        Assert.Equal("Sampling.Grammar", refused.Option);
        Assert.Contains("Tokenizer", refused.Message, StringComparison.Ordinal);
        Assert.Contains("grammar",
            Assert.Throws<NoCandidateException>(() => Runs.Alone(model, request with { ForcedPrefix = ['x'] })).Message,
            StringComparison.Ordinal);
        Assert.Throws<NoCandidateException>(() => Runs.Alone(model, request with
        {
            Sampling = request.Sampling with
            {
                Constraints = new TokenConstraints { Suppressed = [.. Enumerable.Range(0, Tokens.VocabularySize)] },
            },
        }));
        Assert.Throws<NoCandidateException>(() => Runs.Alone(model, request with
        {
            MinNewTokens = 20,
            Sampling = request.Sampling with { Grammar = Grammar.Choice(["left"]) },
        }));
    }

    [Fact]
    public void WholeTargetsAreRefusedByName()
    {
        using Model weights = TinyMaskPredict.Create("paper");
        using IDifferentiableOps ops = CpuOps.Create(1);
        GenerationRequest request = TinyMaskPredict.Requests(1, 3)[0] with
        {
            Sampling = new() { Grammar = Made },
            Tokenizer = Tokens,
        };
        InvalidOptionException refused = Assert.Throws<InvalidOptionException>(() =>
            Runs.Alone(new LoadedModel(weights, ops), request));
        Assert.Equal("Sampling.Grammar", refused.Option);
        Assert.Contains("in place", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AProcessorCannotBringBackWhatCannotFollow()
    {
        using FakeModel model = Model();
        GenerationRequest request = Request("sampled");
        request = request with { Sampling = request.Sampling with { Processors = [new Likes('x')] } };
        GenerationResult result = Runs.Alone(model, request);
        Follows(result.Choices[0]);
        request = request with
        {
            Sampling = request.Sampling with
            {
                Constraints = new TokenConstraints { LogitBias = new Dictionary<int, float> { ['x'] = 99 } },
            },
        };
        Follows(Runs.Alone(model, request).Choices[0]);
    }

    private static FakeModel Model(ulong seed = 1) => new(vocabulary: Tokens.VocabularySize + 5, seed: seed) { Preference = 0 };

    private static GenerationRequest Request(string kind)
    {
        var request = new GenerationRequest
        {
            Prompt = new[] { 1, 2, 3, 4, 5, 6, 7, 8 },
            MaxNewTokens = 60,
            Seed = 11,
            Tokenizer = Tokens,
            EndIds = [End],
            Sampling = new() { Grammar = Made },
        };
        return kind switch
        {
            "greedy" => request with { Sampling = request.Sampling with { Temperature = 0 } },
            "truncated" => request with { Sampling = request.Sampling with { TopK = 5, TopP = 0.8f } },
            "n" => request with { Count = 3 },
            "best" => request with { Count = 2, BestOf = 3 },
            "beams" => request with { Beam = new() { Beams = 3 }, Count = 2 },
            "groups" => request with { Beam = new() { Beams = 4, Groups = 2, DiversityPenalty = 0.5 } },
            "logprobs" => request with { Logprobs = 3, PromptLogprobs = 1 },
            "distinct" => request with { Sampling = new() { Grammar = Distinct } },
            "distinct n" => request with { Count = 3, Sampling = new() { Grammar = Distinct, TopK = 4 } },
            "distinct beams" => request with { Beam = new() { Beams = 4 }, Count = 3, Sampling = new() { Grammar = Distinct } },
            "fixed" => request with
            {
                MinNewTokens = 10,
                Sampling = new()
                {
                    Grammar = Grammar.Gbnf(
                        """root ::= "{\"first\": true, \"second\": [" [0-9]{1,3} "], \"third\": \"" [a-c]{2} "\"}" """),
                },
            },
            _ => request,
        };
    }

    private static void Follows(GenerationChoice choice)
    {
        Grammar grammar = choice.Text.StartsWith("{\"f", StringComparison.Ordinal) ? Request("fixed").Sampling.Grammar!
            : choice.Text.StartsWith("{\"", StringComparison.Ordinal) ? Distinct : Made;
        var walk = new GrammarWalk(CompiledGrammar.Of(grammar, MadeTokenizer.Bytes, 257));
        Assert.All(MadeTokenizer.Utf8(choice.Text), value => Assert.True(walk.Accept(value)));
        Assert.Equal(choice.Finish == FinishReason.EndOfSequence, choice.TokenIds[^1] == End);
        if (choice.Finish == FinishReason.EndOfSequence)
            Assert.True(walk.CanEnd);
    }

    private static IEnumerable<byte[]> Words() => new[]
    {
        "[{", "{\"", "name", "\": ", "\"name", "[{\"name\": \"", "\", \"", "ids", "\": [", "],", "], \"", "kind", "kind\": \"",
        "left", "right", "\"}", "\"}]", "}, {", "ab", "abc", "the", "ing", "12", "00", "100", ",1", ",-", "-1", "],\"", "le",
        "ri", "center", "true", "first", "second", "third", "}]", "]}", "0],", "\", ", ": \"",
    }.Select(MadeTokenizer.Utf8);

    /// <summary>Gives one token all of the probability, whatever was dropped.</summary>
    private sealed class Likes(int token) : LogitsProcessor
    {
        public override void Apply(LogitsRow row) => row.Logits[token] = 1000;
    }
}
