using System.Text.Json.Serialization;

namespace Seriatim;

/// <summary>What stages say of themselves.</summary>
[JsonSerializable(typeof(StageReport))]
internal sealed partial class PipelineJson : JsonSerializerContext;
