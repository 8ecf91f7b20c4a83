using System.Text.Json.Serialization;

namespace Seriatim.Web.Training;

/// <summary>What is kept of a run beside its checkpoints: <c>run.json</c>.</summary>
internal sealed record TrainingRecord
{
    /// <summary>What its owner called it.</summary>
    public required string Title { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>The recipe it follows, by its folder's name; null: one of its own, made of an uploaded text.</summary>
    public string? Recipe { get; init; }

    /// <summary>What samples go on from.</summary>
    public string Prompt { get; init; } = "";

    public TrainingState State { get; init; }

    public long Steps { get; init; }

    public long TotalSteps { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Failure { get; init; }

    /// <summary>The name under which the finished model is served.</summary>
    public string? Model { get; init; }

    public IReadOnlyList<TrainingSample> Samples { get; init; } = [];
}

/// <summary>Records as JSON.</summary>
[JsonSerializable(typeof(TrainingRecord))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
internal sealed partial class TrainingJson : JsonSerializerContext;
