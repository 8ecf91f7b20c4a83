using System.Text.Json;
using System.Text.RegularExpressions;

namespace Seriatim;

/// <summary>The files that make one model.</summary>
/// <param name="Names">Their names, with folders.</param>
/// <param name="Main">The GGUF file to open (the first of a split); null: the folder is opened.</param>
internal sealed record ModelFiles(IReadOnlyList<string> Names, string? Main)
{
    /// <summary>What is taken of a repository with several GGUF files if no tag is given, as by llama.cpp and ollama.</summary>
    public const string DefaultTag = "Q4_K_M";

    /// <summary>What opens the model in a folder that holds its files.</summary>
    public string PathIn(string folder) => Main is null ? folder : Path.Combine(folder, Main);
}

/// <summary>
/// Picks the files of one model from those of a repository or folder: config.json with safetensors, or a GGUF file by its tag
/// (<c>Q4_K_M</c>) or name. All files of a split belong together.
/// </summary>
internal static partial class ModelFilePicker
{
    /// <summary>Picks, or says what is wrong.</summary>
    /// <param name="names">What there is.</param>
    /// <param name="tag">A tag or a file's name; null: safetensors, else the only GGUF file, else the default tag.</param>
    /// <param name="problem">What is wrong and what there is, if nothing could be picked.</param>
    public static ModelFiles? Pick(IReadOnlyCollection<string> names, string? tag, out string problem)
    {
        problem = "";
        string[] wanted = [.. names.Where(name => Wanted().IsMatch(name))];
        if (tag is null && wanted.Contains("config.json") && wanted.Any(IsSafetensors))
        {
            return Missing(names) is { } missing && Refuse($"{missing} is missing", out problem)
                ? null
                : new ModelFiles(wanted, null);
        }
        List<Weights> all = [.. names.Where(IsGguf).GroupBy(StemOf)
            .Select(group => new Weights(group.Key, [.. group.Order(StringComparer.Ordinal)]))
            .OrderBy(weights => weights.Stem, StringComparer.Ordinal)];
        if (all.Count == 0)
        {
            problem = tag is null
                ? $"it has neither config.json with model.safetensors nor a .gguf file{Others(names)}"
                : $"it has no .gguf file{Others(names)}";
            return null;
        }

        List<Weights> found = tag is null ? all.Count == 1 ? all : Tagged(all, ModelFiles.DefaultTag) : Tagged(all, tag);
        if (found.Count != 1)
        {
            string list = string.Join(", ", all.Select(weights => weights.Files[0]).Take(40))
                + (all.Count > 40 ? $" and {all.Count - 40} more" : "");
            problem = tag is null
                ? $"it has {all.Count} GGUF models and none is {ModelFiles.DefaultTag}: {list}. Give a tag or a "
                    + "file after a colon"
                : $"{(found.Count == 0 ? "no GGUF model there is" : $"{found.Count} GGUF models there are")} called {tag}: "
                    + $"{list}. Give the whole name of a file after the colon";
            return null;
        }

        int count = Split().Match(found[0].Files[0]) is { Success: true } split
            ? int.Parse(split.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture)
            : 1;
        if (found[0].Files.Count != count)
        {
            problem = $"of the {count} files of {found[0].Stem}, {found[0].Files.Count} are there "
                + $"({string.Join(", ", found[0].Files)})";
            return null;
        }

        return new ModelFiles(found[0].Files, found[0].Files[0]);
    }

    /// <summary>The name of a shard that its neighbours say should be there, or null.</summary>
    private static string? Missing(IReadOnlyCollection<string> names)
    {
        foreach (Match match in names.Select(name => Shard().Match(name)).Where(match => match.Success))
        {
            int count = int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            for (int i = 1; i <= count; i++)
            {
                string shard = $"model-{i:00000}-of-{match.Groups[1].Value}.safetensors";
                if (!names.Contains(shard))
                    return shard;
            }

            return null;
        }

        return null;
    }

    /// <summary>
    /// The files a folder holds, broken links left out, with the shards that its index
    /// names: so a part of a model is seen as one.
    /// </summary>
    public static ModelFiles? PickIn(string folder, string? tag, out string problem)
    {
        string[] names = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsThere)
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))];
        ModelFiles? files = Pick(names, tag, out problem);
        if (files is not { Main: null } || !names.Contains("model.safetensors.index.json"))
            return files;
        string[] missing = [.. Shards(Path.Combine(folder, "model.safetensors.index.json"))
            .Where(shard => !names.Contains(shard))];
        if (missing.Length == 0)
            return files;
        problem = $"{string.Join(", ", missing)} {(missing.Length == 1 ? "is" : "are")} missing";
        return null;
    }

    /// <summary>Whether a file is there, and behind it what it links to.</summary>
    public static bool IsThere(string path) =>
        new FileInfo(path) is var info
            && (info.LinkTarget is null ? info.Exists : info.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true });

    private static bool Refuse(string reason, out string problem)
    {
        problem = reason;
        return true;
    }

    private static IEnumerable<string> Shards(string index)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(index));
            return json.RootElement.TryGetProperty("weight_map", out JsonElement map) && map.ValueKind == JsonValueKind.Object
                ? [.. map.EnumerateObject().Select(entry => entry.Value.GetString()).OfType<string>().Distinct()
                    .Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // A broken index is the loader's to name.
            return [];
        }
    }

    private static List<Weights> Tagged(List<Weights> all, string tag)
    {
        if (tag.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            return [.. all.Where(weights => weights.Files.Any(file => file == tag || Path.GetFileName(file) == tag))];
        var found = all.Select(weights => (Weights: weights, Before: Without(weights.Stem, tag)))
            .Where(pair => pair.Before is not null).ToList();

        // Beside model-Q4_K_M there may be model-UD-Q4_K_M: the tag alone means the plain one.
        var plain = found.Where(pair =>
            found.All(other => other.Before!.StartsWith(pair.Before!, StringComparison.OrdinalIgnoreCase))).ToList();
        return [.. (plain.Count == 1 ? plain : found).Select(pair => pair.Weights)];
    }

    /// <summary>What stands before the tag in the name of a file, or of its folder; null: neither ends in it.</summary>
    private static string? Without(string stem, string tag)
    {
        string[] parts = stem.Split('/');
        foreach (string part in parts.Reverse())
        {
            if (part.EndsWith(tag, StringComparison.OrdinalIgnoreCase)
                && (part.Length == tag.Length || part[^(tag.Length + 1)] is '-' or '.' or '_'))
            {
                return part[..^tag.Length].TrimEnd('-', '.', '_');
            }
        }

        return null;
    }

    private static string Others(IReadOnlyCollection<string> names)
    {
        string[] others = [.. names.Select(Path.GetExtension).OfType<string>()
            .Where(ending => ending is ".bin" or ".pt" or ".pth" or ".h5" or ".msgpack"
                or ".onnx" or ".safetensors" or ".ckpt" or ".mlmodel").Distinct().Order(StringComparer.Ordinal)];
        return others.Length == 0 ? "" : $" (it has {string.Join(", ", others)})";
    }

    private static string StemOf(string name) =>
        Split().Match(name) is { Success: true } split ? split.Groups[1].Value : name[..^".gguf".Length];

    /// <summary>Weights of the model itself; a module of a sentence model lies in a folder of its own.</summary>
    private static bool IsSafetensors(string name) =>
        name.EndsWith(".safetensors", StringComparison.Ordinal) && !name.Contains('/', StringComparison.Ordinal);

    /// <summary>
    /// Weights of a language model; what projects images and what guided a quantisation lies beside them under such names.
    /// </summary>
    private static bool IsGguf(string name) => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        && !Path.GetFileName(name).Contains("mmproj", StringComparison.OrdinalIgnoreCase)
        && !Path.GetFileName(name).Contains("imatrix", StringComparison.OrdinalIgnoreCase);

    private sealed record Weights(string Stem, IReadOnlyList<string> Files);

    [GeneratedRegex(@"\A(.*)-\d{5}-of-(\d{5})\.gguf\z", RegexOptions.IgnoreCase)]
    private static partial Regex Split();

    [GeneratedRegex(@"\Amodel-\d{5}-of-(\d{5})\.safetensors\z")]
    private static partial Regex Shard();

    /// <summary>
    /// What a model here is made of; weights of other formats, and copies of the weights in
    /// other precisions, are left where they are.
    /// </summary>
    [GeneratedRegex(
        @"\A(model(-\d+-of-\d+)?\.safetensors|model\.safetensors\.index\.json|(generation_|tokenizer_)?config\.json"
            + @"|tokenizer\.json|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt"
        + @"|chat_template\.(jinja|json)|modules\.json|config_sentence_transformers\.json"
            + @"|sentence_[a-z-]+_config\.json|\d+_[A-Za-z]+/(config\.json|model\.safetensors)"
        + @"|[A-Za-z0-9._-]+\.(model|spm|tiktoken))\z")]
    private static partial Regex Wanted();
}
