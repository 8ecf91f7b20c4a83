using System.Text.Json;

namespace Seriatim;

/// <summary>A tool that the model wants to be called.</summary>
public sealed record ToolCall
{
    /// <summary>Number of the call, by which its result is told apart from others.</summary>
    public required string Id { get; init; }

    /// <summary>The tool.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// Its arguments: a JSON object, as the model wrote it. What it says is not checked against the tool's schema.
    /// </summary>
    public required JsonElement Arguments { get; init; }

    /// <summary>As templates expect a call in an earlier turn.</summary>
    internal IReadOnlyDictionary<string, object?> Field => new Dictionary<string, object?>
    {
        ["id"] = Id,
        ["type"] = "function",
        ["function"] = new Dictionary<string, object?> { ["name"] = Name, ["arguments"] = Arguments },
    };
}
