using System.Text.Json.Serialization;

namespace Seriatim.Lab;

/// <summary>How thoroughly an experiment measures.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LabSize>))]
internal enum LabSize
{
    /// <summary>For tests: a second or two; times mean nothing, signs of what is counted do.</summary>
    Tiny,

    /// <summary><c>--quick</c>: all experiments together in ten minutes on two cores.</summary>
    Quick,

    /// <summary>The default.</summary>
    Full,
}
