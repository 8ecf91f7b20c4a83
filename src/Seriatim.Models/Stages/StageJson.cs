using System.Text.Json.Serialization;

namespace Seriatim.Models;

/// <summary>What of a sequence's terms has no fixed length.</summary>
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RopeChange))]
internal sealed partial class StageJson : JsonSerializerContext;
