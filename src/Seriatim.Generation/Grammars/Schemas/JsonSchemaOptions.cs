using System.Collections.Immutable;

namespace Seriatim.Generation;

/// <summary>How a JSON Schema is read (<see cref="Grammar.JsonSchema"/>).</summary>
public sealed record JsonSchemaOptions
{
    /// <summary>
    /// Whether <c>format</c> is enforced, and refused where we cannot; else it is a note to readers, as the specification has
    /// it by
    /// default. Formats that the specification does not know are notes always.
    /// </summary>
    public bool AssertFormats { get; init; } = true;

    /// <summary>
    /// Whether an object may have keys that its schema does not name, where the schema does not say. The specification says yes;
    /// OpenAI's strict mode says no.
    /// </summary>
    public bool AdditionalPropertiesByDefault { get; init; } = true;

    /// <summary>The blanks between the parts.</summary>
    public JsonSpacing Spacing { get; init; }

    /// <summary>
    /// Other documents that references may lead to, by their address (without fragment); nothing is ever loaded from the network.
    /// Empty by default.
    /// </summary>
    public ImmutableDictionary<string, string> Documents { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>
    /// Keywords that the caller checks himself after the answer has come, e.g. <c>uniqueItems</c>, which cannot be enforced
    /// where items have keys that are not named: they are then not refused, and not enforced. Empty by default.
    /// </summary>
    public ImmutableArray<string> Unchecked { get; init; } = [];
}
