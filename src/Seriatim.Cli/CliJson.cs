using System.Text.Json;
using System.Text.Json.Serialization;

namespace Seriatim.Cli;

/// <summary>The objects that <c>--json</c> prints, snake_case, one a line.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelReport))]
[JsonSerializable(typeof(EncodingReport))]
internal sealed partial class CliJson : JsonSerializerContext;
