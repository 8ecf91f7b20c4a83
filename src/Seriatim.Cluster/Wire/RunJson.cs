using System.Text.Json;
using System.Text.Json.Serialization;
using Seriatim.Generation;

namespace Seriatim.Cluster;

/// <summary>
/// How tokens and results travel: as JSON whose numbers are written to the last bit, so that the types of the engine need not
/// know what carries them.
/// </summary>
[JsonSourceGenerationOptions(
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(List<GenerationUpdate>))]
[JsonSerializable(typeof(GenerationResult))]
[JsonSerializable(typeof(KeptRecord))]
internal sealed partial class RunJson : JsonSerializerContext
{
    /// <summary>Writes updates; none: no bytes.</summary>
    public static byte[] Write(List<GenerationUpdate> updates) =>
        updates.Count == 0 ? [] : JsonSerializer.SerializeToUtf8Bytes(updates, Default.ListGenerationUpdate);

    /// <summary>Writes a result.</summary>
    public static byte[] Write(GenerationResult result) =>
        JsonSerializer.SerializeToUtf8Bytes(result, Default.GenerationResult);

    /// <summary>Reads what <see cref="Write(List{GenerationUpdate})"/> wrote.</summary>
    public static List<GenerationUpdate> ReadUpdates(byte[] bytes) =>
        bytes.Length == 0 ? [] : JsonSerializer.Deserialize(bytes, Default.ListGenerationUpdate) ?? [];

    /// <summary>Reads what <see cref="Write(GenerationResult)"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static GenerationResult ReadResult(byte[] bytes) =>
        JsonSerializer.Deserialize(bytes, Default.GenerationResult) ?? throw new JsonException("The result is null.");
}
