using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim;

/// <summary>
/// Finds models in the store of ollama (<c>OLLAMA_MODELS</c>, or <c>~/.ollama/models</c>): manifests by name, blobs by hash.
/// </summary>
internal static partial class OllamaStore
{
    private const string ModelLayer = "application/vnd.ollama.image.model", AdapterLayer = "application/vnd.ollama.image.adapter";

    /// <summary>The blob with the weights of a name such as <c>llama3.2:1b</c>, or null if the store has no such name.</summary>
    public static string? Find(string name, ModelHubOptions options)
    {
        Match match = Form().Match(name);
        if (!match.Success || match.Value.Split('/', ':').Any(part => part.All(c => c == '.')))
            return null;

        // A name with an owner and no tag is a hub id.
        string tag = match.Groups[4].Value;
        if (tag.Length == 0 && name.Contains('/', StringComparison.Ordinal))
            return null;
        string Part(int group, string otherwise) => match.Groups[group].Success ? match.Groups[group].Value : otherwise;
        string root = options.Variable("OLLAMA_MODELS") ?? Path.Combine(options.Home, ".ollama", "models");
        string manifest = Path.Combine(root, "manifests", Part(1, "registry.ollama.ai"), Part(2, "library"),
            match.Groups[3].Value, tag.Length == 0 ? "latest" : tag);
        return File.Exists(manifest) ? BlobOf(name, root, manifest) : null;
    }

    private static string BlobOf(string name, string root, string manifest)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            ILookup<string, string> layers = json.RootElement.GetProperty("layers").EnumerateArray().ToLookup(
                layer => layer.GetProperty("mediaType").GetString() ?? "",
                layer => layer.GetProperty("digest").GetString() ?? "");
            if (layers[AdapterLayer].Any())
            {
                throw new InvalidModelNameException($"{name}: the model in ollama's store has an adapter beside its weights, "
                    + "which would be left out. Give a model without one.");
            }
            string digest = layers[ModelLayer].FirstOrDefault()
                ?? throw new InvalidModelNameException(
                    $"{name}: {manifest} names no weights. Fetch the model again: ollama pull {name}");
            string blob = Path.Combine(root, "blobs", Path.GetFileName(digest.Replace(':', '-')));
            return File.Exists(blob) ? blob
                : throw new ModelNotFoundException(
                    $"{name}: ollama's store names {blob}, which is not there. Fetch the model again: ollama pull {name}");
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidModelNameException(
                $"{name}: {manifest} is not a manifest of ollama ({failure.Message}). Fetch the model again: ollama pull {name}");
        }
    }

    [GeneratedRegex(@"\A(?:(?:([A-Za-z0-9._-]+)/)?([A-Za-z0-9._-]+)/)?([A-Za-z0-9._-]+)(?::([A-Za-z0-9._-]+))?\z")]
    private static partial Regex Form();
}
