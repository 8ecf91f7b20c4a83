using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>Which numbers there are: what requests left behind, and what engines are at.</summary>
internal static class MetricsPage
{
    /// <summary>The longest to wait for an engine that is in the midst of a step.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<string> WriteAsync(ServerCore server)
    {
        var text = new MetricsText();
        foreach ((string model, ModelMetrics metrics) in server.Metrics.Models)
            WriteRequests(text, model, metrics);
        // All engines are asked before any is waited for: however many are in the midst of a step, it takes one patience.
        (ServedModel Model, GenerationEngine? Engine, Task<EngineStatistics?> Statistics)[] models =
            [.. server.Models.Models.Where(model => model.Parent is null).Select(model => (Model: model, model.Opened?.Engine))
                .Select(one => (one.Model, one.Engine, StatisticsAsync(one.Engine)))];
        foreach ((ServedModel model, GenerationEngine? engine, Task<EngineStatistics?> asked) in models)
        {
            WriteTotals(text, model.Name, model.Totals);
            if (engine is null)
                continue;
            WriteLoad(text, model.Name, engine);
            WriteStages(text, model.Name, model.Opened?.Parts.Stages?.Known ?? []);
            if (await asked.ConfigureAwait(false) is { } statistics)
                WriteEngine(text, model.Name, engine, statistics);
        }

        text.Plain("seriatim:replay_mismatch_total", "counter", "Requests that were repeated and gave other bytes; must stay 0.",
            server.Metrics.ReplayMismatches);
        text.Plain("seriatim:truncated_requests_total", "counter", "Prompts that were cut; none ever is.", 0);
        text.Plain("seriatim:requests_running", "gauge", "Requests that the server has under way.", server.State.Running);
        text.Plain("seriatim:memory_used_bytes", "gauge", "Memory of weights and pools.", server.Models.Host.MemoryInUse);
        text.Plain("seriatim:memory_limit_bytes", "gauge", "Memory that weights and pools may have.",
            server.Models.Host.MemoryBytes);
        server.Route?.WriteMetrics(text);
        return text.ToString();
    }

    private static void WriteRequests(MetricsText text, string model, ModelMetrics metrics)
    {
        (ModelCounts counts, IReadOnlyList<KeyValuePair<string, long>> ended) = metrics.Read();
        long computed = counts.PromptTokens - counts.CachedTokens;
        text.Counter("vllm:prompt_tokens_total", "Tokens of prompts, and of texts that were read.", model,
            counts.PromptTokens + counts.ReadTokens);
        text.Counter("vllm:generation_tokens_total", "Tokens of answers.", model, counts.NewTokens);
        text.Counter("vllm:prefix_cache_queries_total", "Tokens that were looked for in the prefix cache.", model,
            counts.PromptTokens);
        text.Counter("vllm:prefix_cache_hits_total", "Of these, tokens that were there.", model, counts.CachedTokens);
        text.Counter("vllm:num_preemptions_total", "How often the pages of a request were taken away.", model,
            counts.Preemptions);
        text.Counter("vllm:spec_decode_num_draft_tokens_total", "Tokens that were drafted.", model, counts.DraftTokens);
        text.Counter("vllm:spec_decode_num_accepted_tokens_total", "Of these, tokens that were accepted.", model,
            counts.AcceptedTokens);
        foreach ((string reason, long count) in ended)
        {
            text.Counter("vllm:request_success_total", "Answers that ended, by how.", model, count,
                $"finished_reason=\"{reason}\"");
        }

        foreach ((string name, string help, MetricHistogram values) in metrics.Histograms)
            text.Histogram($"vllm:{name}", help, model, values);
        text.Counter("llamacpp:prompt_tokens_total", "Tokens of prompts that were computed.", model,
            computed + counts.ReadTokens);
        text.Counter("llamacpp:prompt_seconds_total", "Time of reading prompts.", model, counts.PromptSeconds);
        text.Counter("llamacpp:tokens_predicted_total", "Tokens of answers.", model, counts.NewTokens);
        text.Counter("llamacpp:tokens_predicted_seconds_total", "Time of writing answers.", model, counts.DecodeSeconds);
        text.Gauge("llamacpp:prompt_tokens_seconds", "Tokens of prompts a second.", model,
            Ratio(computed, counts.PromptSeconds));
        text.Gauge("llamacpp:predicted_tokens_seconds", "Tokens of answers a second.", model,
            Ratio(counts.NewTokens, counts.DecodeSeconds));
        text.Gauge("seriatim:spec_accept_rate", "Accepted tokens of those that were drafted.", model,
            Ratio(counts.AcceptedTokens, counts.DraftTokens));
        text.Counter("seriatim:preempt_recomputed_tokens_total",
            "Tokens that were computed again because their pages were taken away.", model, counts.RecomputedTokens);
    }

    /// <summary>Counters go on over the engines of a model: that it is unloaded does not set them back.</summary>
    private static void WriteTotals(MetricsText text, string model, EngineTotals totals)
    {
        text.Counter("seriatim:prefix_cache_saved_tokens_total", "Tokens that need not be computed because others had been.",
            model, totals.TokensSaved);
        text.Counter("llamacpp:n_decode_total", "Steps.", model, totals.Steps);
        text.Gauge("seriatim:spec_net_gain", "Seconds that drafts have saved, less those that they cost.", model,
            totals.SpeculationSeconds);
        if (totals.StepRows.Counts is { } steps)
        {
            text.Histogram("vllm:iteration_tokens_total", "Tokens of a step.", model, StepRowCounts.Bounds, steps,
                totals.StepRows.Rows);
        }

        if (totals.HasStates)
        {
            text.Counter("seriatim:state_checkpoint_hits_total", "Requests that went on from a state that was kept.", model,
                totals.StateHits);
        }
    }

    private static void WriteLoad(MetricsText text, string model, GenerationEngine engine)
    {
        EngineLoad load = engine.Load;
        text.Gauge("vllm:num_requests_running", "Requests that run.", model, load.Running);
        text.Gauge("vllm:num_requests_waiting", "Requests that wait.", model, load.Waiting);
        text.Gauge("vllm:kv_cache_usage_perc", "Part of the pages that sequences hold, 0 to 1.", model,
            Ratio(load.PagesInUse - load.PagesCached, load.Pages));
        text.Gauge("llamacpp:requests_processing", "Requests that run.", model, load.Running);
        text.Gauge("llamacpp:requests_deferred", "Requests that wait.", model, load.Waiting);
        text.Gauge("seriatim:engine_faults", "Steps of the engine that broke off.", model, engine.Health.Faults);
    }

    /// <summary>Where layers are in several processes: how they are cut, and what each takes.</summary>
    private static void WriteStages(MetricsText text, string model, IReadOnlyList<StageReport> stages)
    {
        foreach (StageReport stage in stages)
        {
            string labels = $"stage=\"{stage.Stage}\",place=\"{stage.Place}\"";
            text.Gauge("seriatim:stage_layers", "Layers that a process has.", model, stage.Layers, labels);
            text.Gauge("seriatim:stage_weight_bytes", "Weights that a process has.", model, stage.WeightBytes, labels);
            text.Gauge("seriatim:stage_memory_bytes", "Room of a process for what sequences remember.", model, stage.MemoryBytes,
                labels);
            text.Gauge("seriatim:stage_resident_bytes", "Memory that the system says a process has, for all its models.", model,
                stage.ResidentBytes, labels);
        }
    }

    private static void WriteEngine(MetricsText text, string model, GenerationEngine engine, EngineStatistics statistics)
    {
        int size = engine.Options.PageSize;
        text.Gauge("vllm:cache_config_info", "How the cache is laid out: 1, and its labels.", model, 1,
            $"block_size=\"{size}\",num_gpu_blocks=\"{statistics.Pages}\",cache_dtype=\"{engine.Options.KeyValueType}\","
                + $"enable_prefix_caching=\"{engine.Options.PrefixCache}\"");
        text.Gauge("seriatim:kv_blocks", "Pages there are.", model, statistics.Pages);
        text.Gauge("seriatim:kv_block_tokens", "Positions of a page.", model, size);
        text.Gauge("seriatim:kv_block_waste_ratio", "Positions of used pages that hold nothing.", model,
            Ratio(statistics.WastedPositions, (double)statistics.PagesUsed * size));
        text.Gauge("seriatim:kv_blocks_shared", "Pages that more than one sequence holds.", model, statistics.PagesShared);
        text.Gauge("seriatim:batch_occupancy", "Rows of a step, on average, of those it may have.", model,
            Ratio(statistics.Rows, (double)statistics.Steps * engine.Options.TokenBudget));
        MemoryGauge[] states = [.. statistics.Memories.Where(memory => memory.Name.Contains("state", StringComparison.Ordinal))];
        if (states.Length == 0)
            return;
        text.Gauge("seriatim:state_checkpoint_bytes", "Bytes of states that are kept for later requests.", model,
            states.Sum(memory => memory.Cached * memory.UnitBytes));
    }

    private static async Task<EngineStatistics?> StatisticsAsync(GenerationEngine? engine)
    {
        if (engine is null)
            return null;
        try
        {
            return await engine.GetStatisticsAsync().WaitAsync(Patience).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is TimeoutException or ObjectDisposedException or OperationCanceledException)
        {
            // It is in a long step, or is being unloaded: its load was told, the rest comes with the next reading.
            return null;
        }
    }

    private static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;
}
