using System.Text.Json;

namespace Seriatim.Tokenizers;

/// <summary>A tool that a model may call, as a template shows it to the model.</summary>
public sealed record ChatTool
{
    private static readonly JsonElement NoParameters = JsonElement.Parse("""{"type": "object", "properties": {}}""");

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string Description { get; init; } = "";

    /// <summary>The JSON schema of its arguments, an object; none unless given.</summary>
    public JsonElement Parameters { get; init; } = NoParameters;

    /// <summary>As templates expect it: <c>{"type": "function", "function": {name, description, parameters}}</c>.</summary>
    internal IReadOnlyDictionary<string, object?> Definition => new Dictionary<string, object?>
    {
        ["type"] = "function",
        ["function"] = new Dictionary<string, object?>
        {
            ["name"] = Name,
            ["description"] = Description,
            ["parameters"] = Parameters,
        },
    };
}
