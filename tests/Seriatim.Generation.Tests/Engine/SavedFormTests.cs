using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Seriatim.Generation.Tests;

/// <summary>Saved forms that lie, and those of strategies and processors that use what they may.</summary>
public sealed class SavedFormTests
{
    private static readonly GenerationRequest Base =
        new() { Prompt = new[] { 1, 2, 3 }, MaxNewTokens = 40, Seed = 3, Logprobs = 1, Count = 2, EndIds = [7] };

    [Fact]
    public void A_length_that_lies_costs_no_memory()
    {
        using var model = new FakeModel();
        byte[] bytes = StateTests.StateOf(model, Base, 5)!.ToBytes();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), 1 << 28);
        Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(bytes));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), (1 << 28) + 1);
        Assert.Contains("unpacked", Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(bytes)).Message);
    }

    [Fact]
    public void Long_states_come_back()
    {
        RequestState state = RequestState.Of(
            Base with { Prompt = Enumerable.Range(0, 300_000).Select(i => i * 7919 % 50).ToArray() });
        Assert.Equal(state.ToJson(), RequestState.FromBytes(state.ToBytes()).ToJson());
    }

    [Theory]
    [InlineData("\"live\":[{", "\"live\":[null,{")]
    [InlineData("\"nextIndex\":2", "\"nextIndex\":1")]
    [InlineData("\"elapsed\":\"", "\"elapsed\":\"10675199.02:48:05.4775807\",\"x\":\"")]
    [InlineData("\"strategy\":\"sampling\"", "\"strategy\":\"beams\"")]
    [InlineData("\"processors\":[]", "\"processors\":null")]
    [InlineData("\"processors\":[]", "\"processors\":[null]")]
    [InlineData("\"numbers\":[]", "\"numbers\":null")]
    [InlineData("\"logprobs\":[{", "\"logprobs\":[null,{")]
    [InlineData("\"maxNewTokens\":40", "\"maxNewTokens\":4")]
    [InlineData("\"steps\":0", "\"steps\":1,\"steps\":0")]
    [InlineData("\"forwardRows\":", "\"forwardRows\":9223372036854775807,\"x\":")]
    [InlineData("\"stopStrings\":[]", "\"stopStrings\":null")]
    [InlineData("\"constraints\":{", "\"constraints\":null,\"x\":{")]
    [InlineData("\"version\":1", "\"version\":-1")]
    public void Lies_with_a_checksum_that_fits_are_refused(string what, string lie)
    {
        using var model = new FakeModel();
        RequestState state = StateTests.StateOf(model, Base, 5)!;
        string json = state.ToJson();
        Assert.Contains(what, json);
        string changed = json.Replace(what, lie, StringComparison.Ordinal);
        if (lie.Contains("\"x\":", StringComparison.Ordinal))
            changed = Drop(json, what, lie);
        Assert.Throws<InvalidStateException>(() => RequestState.FromJson(Sign(changed)));
        Assert.Equal(json, RequestState.FromJson(Sign(json)).ToJson());
    }

    [Fact]
    public void States_with_nothing_to_go_on_with_are_refused()
    {
        using var model = new FakeModel();
        StateDocument document = JsonSerializer.Deserialize(StateTests.StateOf(model, Base, 5)!.ToJson(),
            StateJson.Default.StateDocument)!;
        SequenceDocument live = document.Live[0];
        StateDocument[] lies =
        [
            document with { Live = [] },
            document with { Finished = [live with { Finish = (FinishReason)77 }], Live = [document.Live[1]] },
            document with { Live = [live, live] },
            document with
            {
                Numbers = [5, 1],
                Request = document.Request with { Beam = new() { Beams = 2 } },
                Strategy = "beams",
            },
            document with { Numbers = [0], Request = document.Request with { Beam = new() { Beams = 2 } }, Strategy = "beams" },
            document with { Request = null! },
        ];
        foreach (StateDocument lie in lies)
            Assert.Throws<InvalidStateException>(() => RequestState.FromJson(Sign(Write(lie))));
        RequestState.FromJson(Sign(Write(document)));
    }

    [Fact]
    public async Task Strategies_may_use_all_of_a_state()
    {
        using var model = new FakeModel();
        GenerationRequest request = Base with { Strategy = new Pair(), Logprobs = null, Count = 1, EndIds = [] };
        GenerationResult expected = Runs.Alone(model, request);
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(request);
        for (int i = 0; i < 6; i++)
            core.Step();
        Task<RequestState> leaving = handle.ExportAsync();
        core.Step();
        RequestState read = RequestState.FromBytes((await leaving).ToBytes(),
            new RequestStateSources { Strategies = [new Pair()] });
        Assert.True(read is { HasBegun: false, Steps: < 0, Live.Count: 2 });
        handle = core.Add(read, 2);
        core.Drain();
        Runs.Equal(expected, handle.Result(), "moved");
    }

    [Fact]
    public void Processors_of_one_name_keep_their_order()
    {
        using var model = new FakeModel();
        GenerationRequest request = Base with
        {
            Sampling = new() { Processors = [new Favour(5), new Favour(6), new Favour(40)] },
        };
        GenerationResult expected = Runs.Alone(model, request);
        string json = StateTests.StateOf(model, request, 4)!.ToJson();
        var sources = new RequestStateSources { Processors = [new Favour(5), new Favour(6), new Favour(40)] };
        using var core = new EngineCore(model, Runs.Roomy);
        GenerationHandle handle = core.Add(RequestState.FromJson(json, sources), 1);
        core.Drain();
        Runs.Equal(expected, handle.Result(), "moved");
        Assert.Equal("processor", Assert.Throws<InvalidStateException>(
            () => RequestState.FromJson(json, sources with { Processors = [new Favour(5), new Favour(6)] })).What);
    }

    [Fact]
    public void Culture_changes_nothing()
    {
        using var model = new FakeModel();
        string json = StateTests.StateOf(model, Base with { Sampling = new() { Temperature = 0.7f } }, 5)!.ToJson();
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("")
            {
                NumberFormat = { NegativeSign = "~", NumberDecimalSeparator = "," },
            };
            Assert.Equal(json, RequestState.FromJson(json).ToJson());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    /// <summary>A member with another value: what was there goes.</summary>
    private static string Drop(string json, string what, string lie)
    {
        int at = json.IndexOf(what, StringComparison.Ordinal) + what.Length;
        int end = at;
        for (int depth = what.EndsWith('{') ? 1 : 0; depth > 0 || json[end] is not (',' or '}'); end++)
            depth += json[end] switch { '{' => 1, '}' => -1, _ => 0 };
        return json.Replace(json[json.IndexOf(what, StringComparison.Ordinal)..end],
            lie[..lie.LastIndexOf(",\"x\":", StringComparison.Ordinal)], StringComparison.Ordinal);
    }

    private static string Write(StateDocument document) => JsonSerializer.Serialize(document, Lax.Default);

    /// <summary>Makes the checksum fit, as far as anybody can.</summary>
    private static string Sign(string json)
    {
        int at = json.IndexOf("\"checksum\":\"", StringComparison.Ordinal) + 12;
        string empty = string.Concat(json.AsSpan(0, at), json.AsSpan(json.IndexOf('"', at)));
        try
        {
            StateDocument document = JsonSerializer.Deserialize<StateDocument>(empty, Lax.Default)!;
            string hash = Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(document, Lax.Default)));
            return empty.Insert(at, hash);
        }
        catch (JsonException)
        {
            return json;
        }
    }

    private static class Lax
    {
        public static JsonSerializerOptions Default { get; } = new(StateJson.Default.Options)
        {
            RespectNullableAnnotations = false,
            AllowDuplicateProperties = true,
        };
    }

    /// <summary>Two sequences from the beginning on; it counts downwards.</summary>
    private sealed class Pair : Strategy
    {
        public override string Name => "pair";

        public override int WidthOf(GenerationRequest request) => 2;

        public override void Wish(RequestState state, WishList wishes) => wishes.ReadTogether(state.Live);

        public override void Take(StrategyStep step)
        {
            step.State.Steps--;
            ReadOnlySpan<float> logits = step.Logits(step.Ready[0]);
            if (step.State.Live.Count == 1)
                step.Extend(step.Fork(step.Ready[0]), 4, logits);
            foreach (SequenceState sequence in step.Ready)
                step.Extend(sequence, step.Choose(sequence, step.Logits(sequence)), step.Logits(sequence));
        }
    }

    private sealed class Favour(int token) : LogitsProcessor
    {
        private int _seen;

        public override void Apply(LogitsRow row)
        {
            if (_seen % 2 == token % 2)
                row.Logits[token] += 6;
        }

        public override void Accept(int accepted) => _seen++;

        public override LogitsProcessor Copy() => new Favour(token) { _seen = _seen };
    }
}
