using System.Text;

namespace Seams.Tests;

/// <summary>Strategies that users wrote work wherever ours do: in any batch, after preemption, in another engine.</summary>
public sealed class StrategySeamTests
{
    private const int Mask = 4;

    [Fact]
    public async Task A_strategy_of_sequences_that_step_together_equals_itself_alone()
    {
        GenerationRequest[] requests = [.. TinyEngine.Requests(40, 3).Where(request => request.Beam is null)
            .Select((request, i) => request with
            {
                Count = 1,
                BestOf = null,
                Strategy = i % 3 == 0 ? null : new Jury(2 + i % 4),
            })];
        using var alone = new TinyEngine();
        var expected = new string[requests.Length];
        for (int i = 0; i < requests.Length; i++)
            expected[i] = TinyEngine.Text(await alone.Engine.CompleteAsync(requests[i]));
        using var engine = new TinyEngine(pages: 60);
        GenerationResult[] results = await Task.WhenAll(requests.Select(request => engine.Engine.CompleteAsync(request)));
        for (int i = 0; i < requests.Length; i++)
            Assert.Equal(expected[i], TinyEngine.Text(results[i]));
        Assert.True((await engine.Engine.GetStatisticsAsync()).Preemptions > 0, "The pool is meant to be too small.");
        bool differs = false;
        for (int i = 1; i < requests.Length; i++)
            differs |= expected[i] != TinyEngine.Text(await alone.Engine.CompleteAsync(requests[i] with { Strategy = null }));
        Assert.True(differs, "The jury decides nothing.");
    }

    [Fact]
    public async Task A_strategy_that_iterates_over_an_encoder_is_batched_and_equals_itself_alone()
    {
        using Model model = NewEncoder();
        using IDifferentiableOps ops = CpuOps.Create(1);
        using var engine = new GenerationEngine(new LoadedModel(model, ops), new EngineOptions { TokenBudget = 64 });
        GenerationRequest[] requests = [.. Enumerable.Range(0, 30).Select(i => Text(i, 1 + i % 5))];
        var expected = new int[requests.Length][];
        for (int i = 0; i < requests.Length; i++)
            expected[i] = [.. (await engine.CompleteAsync(requests[i])).Choices[0].TokenIds];
        Assert.All(expected, tokens => Assert.DoesNotContain(Mask, tokens));
        long before = (await engine.GetStatisticsAsync()).Steps;
        Task<GenerationResult>[] running = [.. requests.Select(request => engine.CompleteAsync(request))];
        Task<EncodingResult> beside = engine.EncodeAsync(new EncodingRequest
        {
            Tokens = new[] { 1, 2, 3 },
            Pooling = PoolingKind.Mean,
        });
        for (int i = 0; i < requests.Length; i++)
            Assert.Equal(expected[i], (await running[i]).Choices[0].TokenIds);
        await beside;
        Assert.InRange((await engine.GetStatisticsAsync()).Steps - before, 5, before - 1);
        bool differs = false;
        for (int i = 0; i < requests.Length; i++)
        {
            differs |= !expected[i].SequenceEqual(
                (await engine.CompleteAsync(requests[i] with { Strategy = new MaskFilling(Mask, 1) })).Choices[0].TokenIds);
        }
        Assert.True(differs, "Several passes give what one gives.");
    }

    [Fact]
    public async Task States_of_own_strategies_move()
    {
        // Its stream is not read to the end, so it waits and cannot end before it leaves.
        using var first = new TinyEngine(unread: 12);
        using var second = new TinyEngine();
        GenerationRequest request = new()
        {
            Prompt = new[] { 1, 2, 3 },
            MaxNewTokens = 25,
            Seed = 6,
            Strategy = new Jury(3),
            Logprobs = 0,
        };
        string expected = TinyEngine.Text(await first.Engine.CompleteAsync(request));
        GenerationHandle handle = first.Engine.Submit(request);
        await using IAsyncEnumerator<GenerationUpdate> stream = handle.GetAsyncEnumerator();
        for (int i = 0; i < 4; i++)
            await stream.MoveNextAsync();
        byte[] saved = (await handle.ExportAsync()).ToBytes();
        InvalidStateException refused = Assert.Throws<InvalidStateException>(() => RequestState.FromBytes(saved));
        Assert.Contains("jury 3", refused.Message);
        var sources = new RequestStateSources { Strategies = [new MaskFilling(Mask, 2), new Jury(3)] };
        Assert.Equal(expected, TinyEngine.Text(await second.Engine.Submit(RequestState.FromBytes(saved, sources)).Completion));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task What_a_strategy_does_wrong_fails_its_own_request(int what)
    {
        using var engine = new TinyEngine();
        GenerationRequest good = TinyEngine.Requests(2, 8)[1];
        string expected = await engine.Engine.CompleteAsync(good) is var result ? TinyEngine.Text(result) : "";
        Task<GenerationResult> beside = engine.Engine.CompleteAsync(good);
        var failure = await Assert.ThrowsAnyAsync<Exception>(() =>
            engine.Engine.CompleteAsync(good with { Strategy = new Wrong(what), Count = 1 }));
        Assert.Contains(new[] { "wishes for nothing", "no token that is not computed", "Remembers", "token is 90" }[what],
            failure.Message);
        Assert.Equal(expected, TinyEngine.Text(await beside));
        Assert.Equal(expected, TinyEngine.Text(await engine.Engine.CompleteAsync(good)));
    }

    private static GenerationRequest Text(int i, int iterations) => new()
    {
        Prompt = Enumerable.Range(0, 4 + i % 20).Select(place => place % 3 == 1 ? Mask : 5 + (place * 7 + i) % 40).ToArray(),
        MaxNewTokens = 1,
        Seed = (ulong)i,
        Sampling = SamplingOptions.Greedy,
        Strategy = new MaskFilling(Mask, iterations),
    };

    private static Model NewEncoder() => Model.Create("config.json", Encoding.UTF8.GetBytes("""
        {
          "architectures": ["BertForMaskedLM"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": 32,
          "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 60,
          "max_position_embeddings": 64, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "initializer_range": 0.5
        }
        """), new RandomSource(3));

    private sealed class Wrong(int what) : Strategy
    {
        public override string Name => "wrong";

        public override void Wish(RequestState state, WishList wishes)
        {
            if (what == 2)
                wishes.ReadWhole(state.Live[0], [0]);
            else if (what != 0)
                wishes.Read(state.Live[0]);
        }

        public override void Take(StrategyStep step)
        {
            if (what == 3)
                step.Extend(step.Ready[0], TinyEngine.Vocabulary, step.Logits(step.Ready[0]));
        }
    }
}
