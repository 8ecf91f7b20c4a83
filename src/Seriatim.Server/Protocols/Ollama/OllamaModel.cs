using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Seriatim.Models;

namespace Seriatim.Server;

/// <summary>What ollama tells of a model.</summary>
internal static class OllamaModel
{
    /// <summary>Name, size, digest, details. Of a model that is not open, what its files tell.</summary>
    public static void WriteHead(Utf8JsonWriter json, ServedModel model)
    {
        FileInfo[] files = FilesOf(model);
        json.WriteString("name"u8, model.Name);
        json.WriteString("model"u8, model.Name);
        json.WriteString("modified_at"u8, files.Length == 0 ? DateTimeOffset.FromUnixTimeSeconds(model.Created)
            : files.Max(file => file.LastWriteTimeUtc));
        json.WriteNumber("size"u8, files.Sum(file => file.Length));
        json.WriteString("digest"u8, DigestOf(model, files));
        WriteDetails(json, model, files);
    }

    /// <summary>Form, family, size, quantisation.</summary>
    public static void WriteDetails(Utf8JsonWriter json, ServedModel model, IReadOnlyList<FileInfo>? files = null)
    {
        files ??= FilesOf(model);
        bool isGguf = files.Any(file => file.Extension.Equals(".gguf", StringComparison.OrdinalIgnoreCase));
        Model? open = model.Opened?.Model;
        string family = open?.Spec.Family ?? "";
        json.WriteStartObject("details"u8);
        json.WriteString("parent_model"u8, model.Parent?.Name ?? "");
        json.WriteString("format"u8, isGguf ? "gguf" : "safetensors");
        json.WriteString("family"u8, family);
        json.WriteStartArray("families"u8);
        if (family.Length > 0)
            json.WriteStringValue(family);
        json.WriteEndArray();
        json.WriteString("parameter_size"u8, open is null ? "" : SizeOf(open.ParameterCount));
        json.WriteString("quantization_level"u8, "");
        json.WriteEndObject();
    }

    /// <summary>As people say it: 135M, 1.7B.</summary>
    public static string SizeOf(long count) => count switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e9:0.#}B"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{count / 1e6:0.#}M"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{count / 1e3:0.#}K"),
    };

    private static FileInfo[] FilesOf(ServedModel model)
    {
        string? place = model.Adapter?.Path ?? model.Opened?.Folder ?? LocalModels.Find(model.Source, new ModelHubOptions());
        return place is null ? [] : File.Exists(place) ? [new FileInfo(place)]
            : Directory.Exists(place) ? [.. new DirectoryInfo(place).GetFiles()
                .OrderBy(file => file.Name, StringComparer.Ordinal)] : [];
    }

    /// <summary>Of names, lengths and times of its files: reading gigabytes to name a model is not worth it.</summary>
    private static string DigestOf(ServedModel model, IReadOnlyList<FileInfo> files)
    {
        string all = string.Join('\n', files.Select(file => string.Create(CultureInfo.InvariantCulture,
            $"{file.Name} {file.Length} {file.LastWriteTimeUtc.Ticks}")).Prepend(model.Source));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }
}
