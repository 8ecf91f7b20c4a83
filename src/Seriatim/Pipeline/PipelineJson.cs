using System.Text.Json.Serialization;
using Seriatim.Models;

namespace Seriatim;

/// <summary>What stages say of themselves, and what they are told.</summary>
[JsonSerializable(typeof(StageReport))]
[JsonSerializable(typeof(StageOpening))]
[JsonSerializable(typeof(Dictionary<string, LinearShape>))]
internal sealed partial class PipelineJson : JsonSerializerContext;
