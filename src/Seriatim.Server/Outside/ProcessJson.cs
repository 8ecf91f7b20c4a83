using System.Text.Json;

namespace Seriatim.Server;

/// <summary>How a model's layers are cut across processes, and what each takes.</summary>
internal static class ProcessJson
{
    /// <summary>A property <c>stages</c>; nothing where all layers are in one process.</summary>
    public static void Write(Utf8JsonWriter json, OpenedModel? opened)
    {
        if (opened?.Parts.Stages is not { } stages)
            return;
        json.WriteStartArray("stages"u8);
        foreach (StageReport stage in stages.Known)
        {
            json.WriteStartObject();
            json.WriteNumber("stage"u8, stage.Stage);
            json.WriteString("place"u8, stage.Place);
            json.WriteNumber("first_layer"u8, stage.FirstLayer);
            json.WriteNumber("layers"u8, stage.Layers);
            json.WriteNumber("weight_bytes"u8, stage.WeightBytes);
            json.WriteNumber("memory_bytes"u8, stage.MemoryBytes);
            json.WriteNumber("resident_bytes"u8, stage.ResidentBytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
