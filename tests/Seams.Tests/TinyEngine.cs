using System.Text;

namespace Seams.Tests;

/// <summary>An engine with a model of random weights, and a draft model of others.</summary>
internal sealed class TinyEngine : IDisposable
{
    public const int Vocabulary = 90;

    private readonly IDifferentiableOps _ops = CpuOps.Create(1);
    private readonly Model _model = NewModel(1);
    private readonly Model _draft = NewModel(2);

    public TinyEngine(int pages = 512, int unread = 4096)
    {
        Engine = new GenerationEngine(new LoadedModel(_model, _ops), new EngineOptions
        {
            Pages = pages,
            PageSize = 4,
            TokenBudget = 64,
            MaxSequences = 24,
            MaxUnreadUpdates = unread,
            DraftModel = new LoadedModel(_draft, _ops),
        });
    }

    public GenerationEngine Engine { get; }

    /// <summary>What a request gives with nobody beside it.</summary>
    public static async Task<GenerationResult> AloneAsync(GenerationRequest request)
    {
        using var alone = new TinyEngine();
        return await alone.Engine.CompleteAsync(request);
    }

    /// <summary>Requests of several kinds.</summary>
    public static GenerationRequest[] Requests(int count, int seed, params LogitsProcessor[] processors)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i =>
        {
            var request = new GenerationRequest
            {
                Prompt = Enumerable.Range(0, random.Next(1, 30)).Select(_ => random.Next(Vocabulary)).ToArray(),
                MaxNewTokens = random.Next(1, 30),
                Seed = (ulong)random.Next(),
                Sampling = new() { Temperature = 0.7f, Processors = processors },
                Logprobs = 0,
            };
            return (i % 6) switch
            {
                0 => request with { Count = 3 },
                1 => request with { Sampling = new() { Temperature = 0, Processors = processors } },
                2 => request with { Beam = new() { Beams = 4 }, Sampling = new() { Processors = processors }, Count = 2 },
                3 => request with { BestOf = 3 },
                4 => request with { Sampling = request.Sampling with { TopK = 9, Mirostat = null, MinP = 0.02f } },
                _ => request,
            };
        })];
    }

    /// <summary>Everything that a result says, to be compared.</summary>
    public static string Text(GenerationResult result)
    {
        var text = new StringBuilder();
        foreach (GenerationChoice choice in result.Choices)
        {
            text.Append($"[{string.Join(' ', choice.TokenIds)}] {choice.Finish} {choice.Score:R} ");
            text.AppendJoin(' ', choice.Logprobs!.Select(one => $"{one.Chosen.Logprob:R}")).AppendLine();
        }

        return text.ToString();
    }

    public void Dispose()
    {
        Engine.Dispose();
        _model.Dispose();
        _draft.Dispose();
        (_ops as IDisposable)?.Dispose();
    }

    private static Model NewModel(ulong seed)
    {
        string config = $$"""
            {
              "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": 32,
              "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
              "vocab_size": {{Vocabulary}}, "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "tie_word_embeddings": true, "initializer_range": 0.5
            }
            """;
        return Model.Create("config.json", Encoding.UTF8.GetBytes(config), new RandomSource(seed));
    }
}
