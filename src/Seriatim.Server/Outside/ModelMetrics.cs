using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>What is counted of the requests of one model.</summary>
internal sealed class ModelMetrics
{
    private static readonly double[] TokenBounds =
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];

    private static readonly double[] SecondBounds =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160];

    private static readonly double[] EachBounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1];

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, long> _ended = new(StringComparer.Ordinal);
    private ModelCounts _counts;

    /// <summary>The sums, and requests by how they ended, all of one moment.</summary>
    public (ModelCounts Counts, IReadOnlyList<KeyValuePair<string, long>> Ended) Read()
    {
        lock (_gate)
            return (_counts, [.. _ended]);
    }

    /// <summary>The histograms: name after <c>vllm:</c>, what it is, and the numbers.</summary>
    public IReadOnlyList<(string Name, string Help, MetricHistogram Values)> Histograms { get; } =
    [
        ("request_prompt_tokens", "Tokens of a prompt.", new(TokenBounds)),
        ("request_generation_tokens", "Tokens of a request's answers.", new(TokenBounds)),
        ("request_params_n", "Answers that a request asks for.", new([1, 2, 5, 10, 20])),
        ("request_params_max_tokens", "Most new tokens that a request asks for.", new(TokenBounds)),
        ("time_to_first_token_seconds", "From submission to the first token.", new(SecondBounds)),
        ("time_per_output_token_seconds", "Each token after the first.", new(EachBounds)),
        ("e2e_request_latency_seconds", "From submission to the end.", new(SecondBounds)),
        ("request_queue_time_seconds", "From submission until a request was admitted.", new(SecondBounds)),
        ("request_prefill_time_seconds", "From admission to the first token.", new(SecondBounds)),
        ("request_decode_time_seconds", "From the first token to the end.", new(SecondBounds)),
        ("request_inference_time_seconds", "From admission to the end.", new(SecondBounds)),
    ];

    public void Begin(GenerationRequest request)
    {
        lock (_gate)
        {
            Observe("request_params_n", request.Count);
            if (request.MaxNewTokens is { } most)
                Observe("request_params_max_tokens", most);
        }
    }

    /// <summary>A request has its result.</summary>
    public void End(GenerationRequest request, GenerationResult result)
    {
        lock (_gate)
        {
            foreach (GenerationChoice choice in result.Choices)
                Count(choice.Finish is FinishReason.Length or FinishReason.Timeout ? "length" : "stop");
            _counts = _counts.With(result.Usage);
            Observe("request_prompt_tokens", result.Usage.PromptTokens);
            Observe("request_generation_tokens", result.Usage.NewTokens);
            if (result is { Usage.Preemptions: > 0, Choices.Count: 1 } && request is { Beam: null, BestOf: null })
            {
                long again = Math.Max(0, result.Usage.ForwardRows - Needed(result.Usage));
                _counts = _counts with { RecomputedTokens = _counts.RecomputedTokens + again };
            }

            Observe(result.Timings, result.Usage.NewTokens / Math.Max(1, result.Choices.Count));
        }
    }

    /// <summary>A request was cancelled, or failed.</summary>
    /// <param name="usage">What it had used; null: nothing.</param>
    /// <param name="state">How it ended.</param>
    public void Break(GenerationUsage? usage, string state)
    {
        lock (_gate)
        {
            Count(state == "cancelled" ? "abort" : "error");
            if (usage is not null)
                _counts = _counts.With(usage);
        }
    }

    /// <summary>Tokens were read by a request that generates nothing.</summary>
    public void CountRead(int tokens)
    {
        lock (_gate)
            _counts = _counts with { ReadTokens = _counts.ReadTokens + tokens };
    }

    private static long Needed(GenerationUsage usage) => usage.PromptTokens - usage.CachedTokens
        + Math.Max(0, usage.NewTokens - 1) + usage.DraftTokens - usage.AcceptedTokens;

    private void Observe(GenerationTimings timings, int tokens)
    {
        double queued = timings.Queued.TotalSeconds, total = timings.Total.TotalSeconds;
        Observe("e2e_request_latency_seconds", total);
        Observe("request_queue_time_seconds", queued);
        Observe("request_inference_time_seconds", total - queued);
        if (timings.FirstToken?.TotalSeconds is not { } first)
            return;
        Observe("time_to_first_token_seconds", first);
        Observe("request_prefill_time_seconds", first - queued);
        Observe("request_decode_time_seconds", total - first);
        _counts = _counts with
        {
            PromptSeconds = _counts.PromptSeconds + first - queued,
            DecodeSeconds = _counts.DecodeSeconds + total - first,
        };
        if (tokens > 1)
            Observe("time_per_output_token_seconds", (total - first) / (tokens - 1));
    }

    private void Observe(string name, double value)
    {
        foreach ((string own, _, MetricHistogram values) in Histograms)
        {
            if (own == name)
                values.Observe(value);
        }
    }

    private void Count(string reason) => _ended[reason] = _ended.GetValueOrDefault(reason) + 1;
}
