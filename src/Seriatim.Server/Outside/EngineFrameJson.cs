using System.Text.Json;
using Seriatim.Generation;

namespace Seriatim.Server;

/// <summary>The lines of <c>/v1/engine/watch</c>, which are those of a trace. Short names: there are many of them.</summary>
internal static class EngineFrameJson
{
    /// <summary>What the engine is, and the limits it keeps to.</summary>
    public static void WriteHead(Utf8JsonWriter json, ServerCore server, ServedModel model, OpenedModel opened)
    {
        EngineOptions options = opened.Engine.Options;
        json.WriteStartObject();
        json.WriteString("object"u8, "engine.opened"u8);
        json.WriteString("model"u8, model.Name);
        json.WriteString("version"u8, ModelIdentity.Version);
        json.WriteString("time"u8, server.Clock.GetUtcNow());
        json.WriteString("family"u8, opened.Model.Spec.Family);
        json.WriteNumber("context"u8, opened.Model.Spec.Context);
        json.WriteNumber("weight_bytes"u8, opened.Model.WeightBytes);
        json.WriteNumber("bytes_per_position"u8, opened.Engine.Model.BytesPerPosition(options.KeyValueType));
        json.WriteStartObject("limits"u8);
        json.WriteNumber("token_budget"u8, options.TokenBudget);
        json.WriteNumber("max_sequences"u8, options.MaxSequences);
        json.WriteNumber("max_queued"u8, options.MaxQueuedRequests);
        json.WriteNumber("page_size"u8, options.PageSize);
        if (options.StepTime != Timeout.InfiniteTimeSpan)
            json.WriteNumber("step_ms"u8, options.StepTime.TotalMilliseconds);
        json.WriteString("key_value_type"u8, $"{options.KeyValueType}");
        json.WriteBoolean("prefix_cache"u8, options.PrefixCache);
        json.WriteBoolean("draft_model"u8, options.DraftModel is not null);
        json.WriteNumber("threads"u8, server.Models.Host.Threads);
        json.WriteNumber("cores"u8, Environment.ProcessorCount);
        json.WriteNumber("memory_bytes"u8, server.Models.Host.MemoryBytes);
        json.WriteEndObject();
        ProcessJson.Write(json, opened);
        json.WriteEndObject();
    }

    /// <summary>There is no engine: the model is not open.</summary>
    public static void WriteClosed(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "engine.closed"u8);
        json.WriteString("model"u8, model.Name);
        json.WriteString("status"u8, ModelsEndpoint.ValueOf(model.Status));
        json.WriteEndObject();
    }

    /// <summary>There still is none.</summary>
    public static void WriteIdle(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "engine.idle"u8);
        json.WriteEndObject();
    }

    /// <summary>A frame.</summary>
    public static void Write(Utf8JsonWriter json, EngineFrame frame, long memory)
    {
        json.WriteStartObject();
        json.WriteString("object"u8, "engine.frame"u8);
        json.WriteNumber("at"u8, Milliseconds(frame.At));
        Write(json, frame.Statistics, memory);
        json.WriteStartArray("steps"u8);
        foreach (WatchedStep step in frame.Steps)
            Write(json, step);
        json.WriteEndArray();
        json.WriteNumber("steps_left_out"u8, frame.StepsLeftOut);
        json.WriteStartArray("requests"u8);
        foreach (WatchedRequest request in frame.Requests)
            Write(json, request);
        json.WriteEndArray();
        json.WriteNumber("requests_left_out"u8, frame.RequestsLeftOut);
        json.WriteStartArray("memories"u8);
        foreach (MemoryMap map in frame.Memories)
            Write(json, map);
        json.WriteEndArray();
        if (frame.Prefixes is { } prefixes)
            Write(json, prefixes);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, EngineStatistics statistics, long memory)
    {
        json.WriteStartObject("totals"u8);
        json.WriteNumber("running"u8, statistics.Running);
        json.WriteNumber("waiting"u8, statistics.Waiting);
        json.WriteNumber("steps"u8, statistics.Steps);
        json.WriteNumber("rows"u8, statistics.Rows);
        json.WriteNumber("largest_step"u8, statistics.LargestStep);
        json.WriteNumber("prefix_hits"u8, statistics.PrefixHits);
        json.WriteNumber("tokens_saved"u8, statistics.TokensSaved);
        json.WriteNumber("preemptions"u8, statistics.Preemptions);
        json.WriteNumber("draft_failures"u8, statistics.DraftFailures);
        json.WriteNumber("scheduling_ms"u8, Milliseconds(statistics.Times.Scheduling));
        json.WriteNumber("passes_ms"u8, Milliseconds(statistics.Times.Passes));
        json.WriteNumber("sampling_ms"u8, Milliseconds(statistics.Times.Sampling));
        json.WriteNumber("memory_bytes"u8, memory);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, WatchedStep step)
    {
        json.WriteStartObject();
        json.WriteNumber("n"u8, step.Number);
        json.WriteNumber("at"u8, Milliseconds(step.At));
        json.WriteStartArray("ms"u8);
        json.WriteNumberValue(Milliseconds(step.Scheduling));
        json.WriteNumberValue(Milliseconds(step.Pass));
        json.WriteNumberValue(Milliseconds(step.Sampling));
        json.WriteEndArray();

        // Each: request, sequence, kind, rows, drafts, accepted.
        json.WriteStartArray("rows"u8);
        foreach (WatchedRows rows in step.Rows)
        {
            json.WriteStartArray();
            json.WriteNumberValue(rows.Request);
            json.WriteNumberValue(rows.Sequence);
            json.WriteStringValue(NameOf(rows.Kind));
            json.WriteNumberValue(rows.Rows);
            json.WriteNumberValue(rows.Drafts);
            json.WriteNumberValue(rows.Accepted);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        Write(json, "admitted", step.Admitted);
        Write(json, "preempted", step.Preempted);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, long[] numbers)
    {
        if (numbers.Length == 0)
            return;
        json.WriteStartArray(name);
        foreach (long number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, in WatchedRequest request)
    {
        json.WriteStartObject();
        json.WriteNumber("n"u8, request.Number);
        json.WriteString("state"u8, request.IsRunning ? "running" : request.IsAside ? "aside" : "waiting");
        json.WriteNumber("sequences"u8, request.Sequences);
        json.WriteNumber("prompt"u8, request.Prompt);
        json.WriteNumber("new"u8, request.New);
        json.WriteNumber("pending"u8, request.Pending);
        json.WriteNumber("cached"u8, request.Cached);
        json.WriteNumber("priority"u8, request.Priority);
        json.WriteNumber("preemptions"u8, request.Preemptions);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, MemoryMap map)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, map.Gauge.Name);
        json.WriteNumber("units"u8, map.Gauge.Units);
        json.WriteNumber("unit_bytes"u8, map.Gauge.UnitBytes);
        json.WriteNumber("used"u8, map.Gauge.Used);
        json.WriteNumber("shared"u8, map.Gauge.Shared);
        json.WriteNumber("cached"u8, map.Gauge.Cached);
        json.WriteNumber("reached"u8, map.Reached);
        json.WriteNumber("per_cell"u8, map.PerCell);
        json.WriteString("cells"u8, map.Cells);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, PrefixForest prefixes)
    {
        json.WriteStartObject("prefixes"u8);
        json.WriteNumber("pages"u8, prefixes.Pages);
        json.WriteNumber("left_out"u8, prefixes.LeftOut);

        // Each: the branch it grows from, pages, pages in use.
        json.WriteStartArray("branches"u8);
        foreach (PrefixBranch branch in prefixes.Branches)
        {
            json.WriteStartArray();
            json.WriteNumberValue(branch.Parent);
            json.WriteNumberValue(branch.Pages);
            json.WriteNumberValue(branch.Used);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string NameOf(WatchedKind kind) => kind switch
    {
        WatchedKind.Prompt => "prompt",
        WatchedKind.Decode => "decode",
        WatchedKind.Again => "again",
        WatchedKind.Source => "source",
        _ => "whole",
    };

    private static double Milliseconds(TimeSpan time) => Math.Round(time.TotalMilliseconds, 3);
}
