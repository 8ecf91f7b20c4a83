using System.Text.Json;
using Orleans.Storage;

namespace Seriatim.Cluster;

/// <summary>Writes records of durable requests as plain JSON, which later versions read, too.</summary>
internal sealed class KeptSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => new(JsonSerializer.SerializeToUtf8Bytes(input, typeof(T), RunJson.Default));

    public T Deserialize<T>(BinaryData input) =>
        (T)(JsonSerializer.Deserialize(input.ToMemory().Span, typeof(T), RunJson.Default)
            ?? throw new JsonException("The record is null."));
}
