using System.Buffers.Binary;
using System.Text.Json;

namespace Seriatim.Server;

/// <summary><c>POST /v1/embeddings</c>: vectors of texts.</summary>
internal sealed class EmbeddingEndpoint : Endpoint
{
    public override string Method => "POST";

    public override string Path => "/v1/embeddings";

    public override string Summary => "Embeds texts.";

    public override FieldTable Fields => EmbeddingFields.Table;

    public override EndpointAccess Access => EndpointAccess.Generating;

    public override async Task HandleAsync(ApiCall call)
    {
        EmbeddingRequest request = await call.ReadAsync(EmbeddingFields.Table).ConfigureAwait(false);
        using ModelUse use = await call.Server.Models.Find(request.Model).UseAsync(call.Aborted).ConfigureAwait(false);
        call.Span?.Begin("embeddings", use.Name);
        (IReadOnlyList<float[]> vectors, int tokens) = await EmbeddingWork.RunAsync(
            call, use, request.Input, request.Cuts, request.Dimensions).ConfigureAwait(false);
        await call.WriteAsync(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            foreach ((int index, float[] vector) in vectors.Index())
            {
                json.WriteStartObject();
                json.WriteString("object"u8, "embedding"u8);
                json.WriteNumber("index"u8, index);
                Write(json, "embedding", vector, request.IsBase64);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("model"u8, use.Name);
            WriteUsage(json, tokens);
            json.WriteEndObject();
        }).ConfigureAwait(false);
    }

    /// <summary>A vector as numbers, or as the bytes of its floats.</summary>
    public static void Write(Utf8JsonWriter json, string name, float[] vector, bool isBase64)
    {
        if (isBase64)
        {
            byte[] bytes = new byte[4 * vector.Length];
            for (int i = 0; i < vector.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(4 * i), vector[i]);
            json.WriteBase64String(name, bytes);
            return;
        }

        json.WriteStartArray(name);
        foreach (float value in vector)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    /// <summary>The counts of what was only read.</summary>
    public static void WriteUsage(Utf8JsonWriter json, int tokens)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("prompt_tokens"u8, tokens);
        json.WriteNumber("total_tokens"u8, tokens);
        json.WriteEndObject();
    }
}
