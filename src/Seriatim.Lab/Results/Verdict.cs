using System.Text.Json.Serialization;

namespace Seriatim.Lab;

/// <summary>What became of a claim; worse ones are greater.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
internal enum Verdict
{
    /// <summary>The claim holds.</summary>
    Holds,

    /// <summary>The effect is there and has another size than predicted.</summary>
    HoldsWithAnotherFactor,

    /// <summary>The effect is not there on this machine, or has the other sign.</summary>
    DoesNotHold,

    /// <summary>Interrupted: a figure that the rule reads is missing.</summary>
    Unfinished,

    /// <summary>Not run; the reason is in <see cref="LabResult.Skipped"/>.</summary>
    Skipped,

    /// <summary>A defect of Seriatim stopped it; the report has the message.</summary>
    Failed,
}
