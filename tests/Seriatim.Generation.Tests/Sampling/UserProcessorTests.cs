namespace Seriatim.Generation.Tests;

/// <summary>Processors of users: what they may do, and that nothing they do reaches anything but their own request.</summary>
public sealed class UserProcessorTests
{
    private static readonly GenerationRequest Request = new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 12, Seed = 4 };

    /// <summary>Candidates are listed anew whenever logits may have been written, in the processor and after it.</summary>
    [Fact]
    public void WritingLogitsNeverLeavesAnOldListOfCandidates()
    {
        const int Large = 2_000;
        var random = new Random(1);
        float[] logits = [.. Enumerable.Range(0, Large).Select(_ => random.NextSingle() * 8)];
        float[] others = [.. logits.Reverse()];
        var expected = new LogitsRow(others, [1], []);
        expected.KeepTop(5);
        var row = new LogitsRow(logits, [1], []);
        row.KeepTop(40);
        Span<float> lent = row.Logits;
        Assert.Equal(40, row.Top(new int[100]));
        others.CopyTo(lent);
        row.KeepTop(5);
        Assert.Equal(expected.Values, row.Values);
        others.CopyTo(lent);
        Assert.Equal(others.Max(), row.Max());
        row.KeepFrom(others.Order().ElementAt(Large - 5));
        Assert.Equal(expected.Values, row.Values);
        Assert.Equal(5, row.Top(new int[100]));

        var options = new SamplingOptions { TopK = 3, TypicalP = 0.9f, MinP = 0.01f };
        float[] written = Chain(options with { Processors = [new Writes(others)] }, logits), plain = Chain(options, others);
        Assert.Equal(plain, written);
    }

    /// <summary>What is lent ends with the processor: the list of candidates is kept from then on, as without one.</summary>
    [Fact]
    public void WhatIsLentIsTakenBack()
    {
        var options = new SamplingOptions { Processors = [new Acts(row => row.Logits.Clear())] };
        var chain = new SamplerChain(Request with { Sampling = options }, [], 100, 50);
        var row = new LogitsRow(new float[50], [1], []);
        chain.ApplyScores(row);
        row.KeepTop(5);
        row.Values[20] = 9;
        Assert.Equal([0, 1, 2, 3, 4], row.Candidates.ToArray().Select(LogitsRow.IdOf).Order());
    }

    [Fact]
    public void ItComesAfterPenaltiesAndBeforeTheTemperature()
    {
        float[] seen = [];
        var looks = new Acts(row => seen = row.Logits.ToArray());
        var options = new SamplingOptions { Temperature = 0.5f, Penalties = new() { Repetition = 2 }, Processors = [looks] };
        Chain(options, [1, 2, 3, 4]);
        Assert.Equal([1, 1, 3, 4], seen);
    }

    [Fact]
    public void WhatARowTellsIsWhatTheSequenceIs()
    {
        string seen = "";
        var looks = new Acts(row => seen = $"{string.Join(",", row.History.ToArray())} "
            + $"{string.Join(",", row.Output.ToArray())} {row.PromptLength} {row.Step} {row.Seed} {row.SequenceIndex} "
            + $"{row.Vocabulary} {row.EncoderInput.Length}");
        Alone(looks, Request with { MaxNewTokens = 1 });
        Assert.Equal("1,2,3  3 0 4 0 50 0", seen);
        var one = new LogitsRow(new float[4], [1], [2], seed: 9);
        Assert.Equal(one.Uniform(0), new LogitsRow(new float[4], [3], [3], seed: 9).Uniform(0));
        Assert.NotEqual(one.Uniform(0), one.Uniform(1));
        Assert.InRange(one.Uniform(2), 0, 1);
    }

    public static TheoryData<string, LogitsProcessor> Faults => new()
    {
        { "threw FormatException when it was to change logits: no", Mine(_ => throw new FormatException("no")) },
        { "threw FormatException when it was to accept a token: no", Mine(accept: _ => throw new FormatException("no")) },
        { "threw FormatException when it was to make a copy: no", Mine(copy: () => throw new FormatException("no")) },
        { "gave null for a copy of itself", Mine(copy: () => null!) },
        { "left logits that are not numbers", Mine(row => row.Logits[7] = float.NaN) },
        { "left logits that are not numbers", Mine(row => row.Logits[7] = float.PositiveInfinity) },
        { "threw ArgumentException when it was to change logits: The mask is for 51", Mine(row => row.Keep(new(51))) },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void AFaultIsNamedAndEndsItsOwnRequestAlone(string message, LogitsProcessor fault)
    {
        using var model = new FakeModel();
        using var draft = new FakeModel(seed: 2);
        GenerationRequest[] good = Mixture.Requests(12, seed: 3, model.VocabularySize, drafts: true);
        GenerationResult[] expected = [.. good.Select(request => Runs.Alone(model, request with { Speculation = null }))];
        foreach (GenerationRequest kind in (GenerationRequest[])[
            Request, Request with { Count = 3 }, Request with { Beam = new() { Beams = 3 } },
            Request with { Speculation = new() { Kind = SpeculationKind.DraftModel, Always = true } }])
        {
            using var core = new EngineCore(model, Runs.Roomy with { DraftModel = draft });
            GenerationHandle[] handles = [.. good.Select((request, i) => core.Add(request, i + 2))];
            Exception? refusal = Record.Exception(() =>
            {
                GenerationHandle bad = core.Add(kind with { Sampling = new() { Processors = [fault] } }, 1);
                core.Drain();
                bad.Result();
            });
            var failure = Assert.IsType<ProcessorException>(refusal);
            Assert.Equal("Mine", failure.Processor);
            Assert.Contains($"The processor Mine {message}", failure.Message);
            core.Drain();
            Assert.Equal(0, core.Statistics.DraftFailures);
            for (int i = 0; i < good.Length; i++)
                Runs.Equal(expected[i], handles[i].Result(), $"request {i}");
        }
    }

    /// <summary>A processor that fails only on drafted tokens costs drafts, and nobody else's.</summary>
    [Fact]
    public void AFaultInADraftFailsNothing()
    {
        using var model = new FakeModel();
        using var draft = new FakeModel(seed: 2);
        using var core = new EngineCore(model, Runs.Roomy with { DraftModel = draft });
        // Once it is under way, only drafts need copies of it.
        (int accepted, int refused) = (0, 0);
        LogitsProcessor Copy()
        {
            refused += accepted > 0 ? 1 : 0;
            return accepted > 0 ? throw new FormatException("no") : new Acts(accept: _ => accepted++, copy: Copy);
        }

        var fails = new Acts(copy: Copy);
        GenerationRequest plain = Request with { Sampling = new() { Processors = [fails] } };
        GenerationHandle handle = core.Add(
            plain with { Speculation = new() { Kind = SpeculationKind.DraftModel, Always = true } });
        core.Drain();
        Runs.Equal(Runs.Alone(model, Request), handle.Result(), "with drafts that fail");
        Assert.True(refused > 0, "Nothing was drafted.");
        Assert.Equal(0, core.Statistics.DraftFailures);
    }

    [Fact]
    public void ListsThatAreNoneAreRefused()
    {
        void Refused(string part, IReadOnlyList<LogitsProcessor> list)
        {
            using var model = new FakeModel();
            using var core = new EngineCore(model, Runs.Roomy);
            GenerationRequest request = Request with { Sampling = new() { Processors = list } };
            var refusal = Assert.Throws<InvalidOptionException>(() => core.Check(request));
            Assert.Equal("Sampling.Processors", refusal.Option);
            Assert.Contains(part, refusal.Message);
        }

        Refused("null at index 1", [new Acts(), null!]);
        Refused("a list", null!);
    }

    [Fact]
    public void StatesAreSavedByNameAndTheOthersMadeAnew()
    {
        static Counts[] Two() => [new() { Saves = true }, new() { Saves = true }];
        SamplingOptions options = new() { Processors = [.. Two(), new Counts()] };
        var chain = new SamplerChain(Request with { Sampling = options }, [], 100, 50);
        Assert.True(chain.HasState);
        foreach (int token in (int[])[5, 5, 6])
            chain.Accept(token);
        IReadOnlyDictionary<string, byte[]> saved = chain.Save();
        Assert.Equal(["counts", "counts#2"], saved.Keys.Order());
        var restored = new SamplerChain(Request with { Sampling = options }, [], 100, 50);
        restored.Restore(saved, [5, 5, 6]);
        Assert.Equal([3, 3], restored.Save().Values.Select(bytes => (int)bytes[0]));
        float[] Logits(SamplerChain one)
        {
            var row = new LogitsRow(new float[50], [1], [5, 5, 6]);
            one.ApplyScores(row);
            return row.Values;
        }

        Assert.Equal(-9, Logits(chain)[3]);
        Assert.Equal(Logits(chain), Logits(restored));
        Assert.Equal(0, Logits(new SamplerChain(Request with { Sampling = options }, [], 100, 50))[3]);
    }

    private static Acts Mine(
        Action<LogitsRow>? apply = null, Action<int>? accept = null, Func<LogitsProcessor>? copy = null) =>
        new(apply, accept, copy) { Title = "Mine" };

    private static GenerationResult Alone(LogitsProcessor processor, GenerationRequest request)
    {
        using var model = new FakeModel();
        return Runs.Alone(model, request with { Sampling = new() { Processors = [processor] } });
    }

    private static float[] Chain(SamplingOptions options, float[] logits)
    {
        var chain = new SamplerChain(Request with { Prompt = new[] { 1 }, Sampling = options }, [], 100, logits.Length);
        var row = new LogitsRow(logits, [1], []);
        chain.Choose(row);
        return row.Values;
    }

    private sealed class Writes(float[] logits) : LogitsProcessor
    {
        public override void Apply(LogitsRow row)
        {
            Span<float> lent = row.Logits;
            row.Top(new int[9]);
            logits.CopyTo(lent);
        }
    }

    private sealed class Acts(Action<LogitsRow>? apply = null, Action<int>? accept = null, Func<LogitsProcessor>? copy = null)
        : LogitsProcessor
    {
        public string? Title { get; init; }

        public override string Name => Title ?? base.Name;

        public override void Apply(LogitsRow row) => apply?.Invoke(row);

        public override void Accept(int token) => accept?.Invoke(token);

        public override LogitsProcessor Copy() => copy is null ? this : copy();

        /// <summary>For the names of theories.</summary>
        public override string ToString() => Name;
    }

    /// <summary>Takes the number of accepted tokens from the logit of id 3.</summary>
    private sealed class Counts : LogitsProcessor
    {
        private int _count;

        public bool Saves { get; init; }

        public override string Name => "counts";

        public override void Apply(LogitsRow row) => row.Logits[3] -= _count;

        public override void Accept(int token) => _count++;

        public override LogitsProcessor Copy() => new Counts { _count = _count, Saves = Saves };

        public override byte[]? Save() => Saves ? [(byte)_count] : null;

        public override void Restore(ReadOnlySpan<byte> saved) => _count = saved[0];
    }
}
