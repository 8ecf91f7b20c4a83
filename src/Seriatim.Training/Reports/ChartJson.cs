using System.Text.Json.Serialization;

namespace Seriatim.Training;

/// <summary>Charts as the page's script reads them. The encoder's escapes keep text from ending the script element.</summary>
[JsonSerializable(typeof(Chart))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class ChartJson : JsonSerializerContext;
