using System.Text.Json.Serialization;

namespace Seriatim.Web.Lab;

/// <summary>What the list of reports shows of one: <c>report.json</c> beside its pages.</summary>
internal sealed record KeptReport
{
    public required DateTimeOffset Made { get; init; }

    public required string Size { get; init; }

    public required bool Interrupted { get; init; }

    public string? Model { get; init; }

    /// <summary>Names and verdicts, as <c>seriatim lab --json</c> writes them.</summary>
    public required IReadOnlyList<KeptVerdict> Results { get; init; }

    /// <summary>The name of its folder.</summary>
    [JsonIgnore]
    public string Id { get; init; } = "";
}

/// <summary>A verdict in the list.</summary>
internal sealed record KeptVerdict(string Name, string Verdict);

/// <summary>Reports of the list as JSON.</summary>
[JsonSerializable(typeof(KeptReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
internal sealed partial class KeptJson : JsonSerializerContext;
