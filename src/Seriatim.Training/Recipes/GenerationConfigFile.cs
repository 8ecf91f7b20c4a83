using System.Text.Json;

namespace Seriatim.Training;

/// <summary><c>generation_config.json</c>: the ids of the model's config that generation needs.</summary>
internal static class GenerationConfigFile
{
    public const string FileName = "generation_config.json";

    public static byte[] Make(ModelConfig config)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            Write("bos_token_id", config.BosTokenId);
            Write("decoder_start_token_id", config.DecoderStartTokenId);
            if (config.EosTokenIds is [int eos])
                json.WriteNumber("eos_token_id", eos);
            else if (config.EosTokenIds.Count > 1)
                WriteAll("eos_token_id", config.EosTokenIds);
            Write("pad_token_id", config.PadTokenId);
            json.WriteEndObject();

            void WriteAll(string key, IEnumerable<int> ids)
            {
                json.WriteStartArray(key);
                foreach (int id in ids)
                    json.WriteNumberValue(id);
                json.WriteEndArray();
            }

            void Write(string key, int? id)
            {
                if (id is { } value)
                    json.WriteNumber(key, value);
            }
        }

        return stream.ToArray();
    }
}
