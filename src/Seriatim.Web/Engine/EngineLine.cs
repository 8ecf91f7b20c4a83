using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Web.Engine;

/// <summary>
/// A line of <c>/v1/engine/watch</c>, or of a trace, which has the same lines. Which of its parts it has depends on the first.
/// </summary>
internal sealed record EngineLine
{
    public const string Opened = "engine.opened", Closed = "engine.closed", Idle = "engine.idle", Frame = "engine.frame";

    public required string Object { get; init; }

    public string? Model { get; init; }

    public string? Status { get; init; }

    public string? Family { get; init; }

    public string? Version { get; init; }

    public long Context { get; init; }

    public long WeightBytes { get; init; }

    public long BytesPerPosition { get; init; }

    public EngineLimits? Limits { get; init; }

    /// <summary>The processes that have its layers; null: all are in one.</summary>
    public IReadOnlyList<EngineStageLine>? Stages { get; init; }

    public double At { get; init; }

    public EngineTotalsLine? Totals { get; init; }

    public IReadOnlyList<EngineStepLine>? Steps { get; init; }

    public int StepsLeftOut { get; init; }

    public IReadOnlyList<EngineRequestLine>? Requests { get; init; }

    public int RequestsLeftOut { get; init; }

    public IReadOnlyList<EngineMemoryLine>? Memories { get; init; }

    public EnginePrefixLine? Prefixes { get; init; }

    /// <summary>Reads a line, with everything that is drawn of it checked.</summary>
    /// <exception cref="JsonException">It is no such line.</exception>
    public static EngineLine Read(string json)
    {
        EngineLine line = JsonSerializer.Deserialize(json, EngineJson.Default.EngineLine) ?? throw new JsonException("null");
        bool isWhole = line.Object switch
        {
            Opened => line is { Model: not null, Limits: not null },
            Closed => line.Model is not null,
            Idle => true,
            Frame => line is { Totals: not null, Steps: not null, Requests: not null, Memories: not null }
                && line.Steps.All(step => step.IsWhole) && line.Memories.All(memory => memory.IsWhole)
                && line.Prefixes?.IsWhole is not false,
            _ => false,
        };
        return isWhole ? line : throw new JsonException($"{line.Object} is no line of a trace, or a part of it is missing.");
    }
}

/// <summary>What an engine keeps to.</summary>
internal sealed record EngineLimits
{
    public required int TokenBudget { get; init; }

    public required int MaxSequences { get; init; }

    public required int MaxQueued { get; init; }

    public required int PageSize { get; init; }

    public double? StepMs { get; init; }

    public required string KeyValueType { get; init; }

    public required bool PrefixCache { get; init; }

    public required bool DraftModel { get; init; }

    public required int Threads { get; init; }

    public required int Cores { get; init; }

    public required long MemoryBytes { get; init; }
}

/// <summary>A process that has layers of the model.</summary>
internal sealed record EngineStageLine
{
    public required int Stage { get; init; }

    public required string Place { get; init; }

    public required int FirstLayer { get; init; }

    public required int Layers { get; init; }

    public required long WeightBytes { get; init; }

    public required long MemoryBytes { get; init; }

    public required long ResidentBytes { get; init; }
}

/// <summary>Counters since the engine was opened.</summary>
internal sealed record EngineTotalsLine
{
    public required int Running { get; init; }

    public required int Waiting { get; init; }

    public required long Steps { get; init; }

    public required long Rows { get; init; }

    public required int LargestStep { get; init; }

    public required long PrefixHits { get; init; }

    public required long TokensSaved { get; init; }

    public required long Preemptions { get; init; }

    public required long DraftFailures { get; init; }

    public required double SchedulingMs { get; init; }

    public required double PassesMs { get; init; }

    public required double SamplingMs { get; init; }

    public required long MemoryBytes { get; init; }
}

/// <summary>A step.</summary>
internal sealed record EngineStepLine
{
    public required long N { get; init; }

    public required double At { get; init; }

    public required IReadOnlyList<double> Ms { get; init; }

    /// <summary>Each: request, sequence, kind, rows, drafts, accepted.</summary>
    public required IReadOnlyList<IReadOnlyList<JsonElement>> Rows { get; init; }

    public IReadOnlyList<long>? Admitted { get; init; }

    public IReadOnlyList<long>? Preempted { get; init; }

    [JsonIgnore]
    public bool IsWhole => Ms.Count == 3
        && Rows.All(row => row is [var request, var sequence, var kind, var rows, var drafts, var accepted]
        && kind.ValueKind == JsonValueKind.String
        && new[] { request, sequence, rows, drafts, accepted }.All(number => number.TryGetWhole(out _)));

    /// <summary>Drafted tokens and those that were accepted.</summary>
    [JsonIgnore]
    public (long Drafted, long Accepted) Drafts =>
        (Rows.Sum(row => row[4].GetInt64()), Rows.Sum(row => row[5].GetInt64()));
}

/// <summary>A request that runs or waits.</summary>
internal sealed record EngineRequestLine
{
    public required long N { get; init; }

    public required string State { get; init; }

    public required int Sequences { get; init; }

    public required int Prompt { get; init; }

    public required int New { get; init; }

    public required int Pending { get; init; }

    public required int Cached { get; init; }

    public required int Priority { get; init; }

    public required int Preemptions { get; init; }
}

/// <summary>The units of one kind of memory.</summary>
internal sealed record EngineMemoryLine
{
    public required string Name { get; init; }

    public required int Units { get; init; }

    public required long UnitBytes { get; init; }

    public required int Used { get; init; }

    public required int Shared { get; init; }

    public required int Cached { get; init; }

    public required int Reached { get; init; }

    public required int PerCell { get; init; }

    public required string Cells { get; init; }

    [JsonIgnore]
    public bool IsWhole => PerCell > 0 && Cells.Length <= 4096 && Cells.All(cell => ".csx01234567".Contains(cell));
}

/// <summary>The prefix cache.</summary>
internal sealed record EnginePrefixLine
{
    public required int Pages { get; init; }

    public required int LeftOut { get; init; }

    /// <summary>Each: the branch it grows from, pages, pages in use.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> Branches { get; init; }

    [JsonIgnore]
    public bool IsWhole => Branches.Count <= 1024
        && Branches.Index().All(branch => branch.Item is [var parent, > 0, >= 0] && parent < branch.Index && parent >= -1);
}

/// <summary>Lines as they are written: <c>snake_case</c>.</summary>
[JsonSerializable(typeof(EngineLine))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class EngineJson : JsonSerializerContext;

/// <summary>Numbers of JSON.</summary>
internal static class EngineNumbers
{
    public static bool TryGetWhole(this JsonElement element, out long number)
    {
        number = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out number);
    }
}
