using System.Globalization;
using Seriatim.Formats;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim;

/// <summary>Turns models from one file format into another, and into fewer bits.</summary>
public static class ModelConverter
{
    /// <summary>Writes a model as a GGUF file, with its tokenizer.</summary>
    /// <param name="source">A model folder, or a GGUF file.</param>
    /// <param name="target">The file to write, replaced in one step when it is complete.</param>
    /// <param name="mix">The types of matrices.</param>
    /// <param name="report">Called for each tensor that is written.</param>
    /// <returns>
    /// Notes for whoever uses the file, whole sentences; none for most models. They name what the tokenizer does that GGUF has no
    /// word for, which other readers of the file do otherwise (Qwen's NFC).
    /// </returns>
    /// <exception cref="ModelException">The model cannot be loaded, or GGUF cannot hold it.</exception>
    /// <exception cref="TokenizerFormatException">GGUF cannot express the tokenizer.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static IReadOnlyList<string> ToGguf(string source, string target, QuantizationMix mix,
        Action<GgufTensorReport>? report = null)
    {
        RequirePlace(source, target);
        using Model model = Model.Load(source, new ModelLoadOptions { Storage = WeightStorage.F32 });
        string name = model.Config.Metadata?.GetValueOrDefault("general.name") as string
            ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)));
        IReadOnlyDictionary<string, object> tokenizer = model.Config.Metadata is { } metadata
            ? metadata.Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal)).ToDictionary()
            : GgufTokenizerExport.Read(source, model.Spec.Last.Vocabulary, name);
        var keys = new Dictionary<string, object>(tokenizer);
        AddIds(name, model.Config, keys);
        SentenceGguf.AddKeys(model, source, keys);
        GgufModelWriter.Write(model, target, mix, name, keys, report);
        return GgufTokenizerNotes.Of(keys);
    }

    /// <summary>Writes a GGUF file as a model folder in the Hugging Face layout, F32, with its tokenizer.</summary>
    /// <param name="source">The GGUF file.</param>
    /// <param name="folder">
    /// The folder; made if it does not exist. All files are written beside it first, so that a failure leaves nothing behind;
    /// then they take their places, where files of the same names are replaced.
    /// </param>
    /// <exception cref="ModelException">The model cannot be loaded.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer cannot be written as tokenizer.json.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void ToFolder(string source, string folder)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target))
            throw new IOException($"{target} is a file, and a folder is to be written. Choose another name.");
        using Model model = Model.Load(source, new ModelLoadOptions { Storage = WeightStorage.F32 });
        if (model.Config.Metadata is not { } metadata)
            throw new ModelFormatException(source, "is not a GGUF file.", "Give the path of a .gguf file.");
        byte[] tokenizer = TokenizerJsonExport.Write(metadata);
        string beside = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            CheckpointWriter.Write(model, beside);
            File.WriteAllBytes(Path.Combine(beside, "tokenizer.json"), tokenizer);
            File.WriteAllText(Path.Combine(beside, "tokenizer_config.json"), TokenizerConfig(Tokenizer.FromGguf(metadata)));
            SentenceGguf.WriteFolder(model, beside);
            Place(beside, target);
        }
        finally
        {
            if (Directory.Exists(beside))
                Directory.Delete(beside, recursive: true);
        }
    }

    /// <summary>Gives a finished folder its name; in one that exists, file by file.</summary>
    private static void Place(string beside, string target)
    {
        if (!Directory.Exists(target))
        {
            Directory.Move(beside, target);
            return;
        }

        foreach (string file in Directory.GetFiles(beside, "*", SearchOption.AllDirectories))
        {
            string place = Path.Combine(target, Path.GetRelativePath(beside, file));
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            File.Move(file, place, overwrite: true);
        }
    }

    /// <summary>Refuses a place where no file can be written, before hours of work.</summary>
    private static void RequirePlace(string source, string target)
    {
        string path = Path.GetFullPath(target);
        if (Path.GetFullPath(source) == path)
            throw new IOException($"{target} is the source; write to another file.");
        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException(
                $"{folder}: there is no such folder to write {Path.GetFileName(path)} into. Make it first.");
        }
        if (Directory.Exists(path))
            throw new IOException($"{path} is a folder, and a file is to be written. Choose another name.");
    }

    private static string TokenizerConfig(Tokenizer tokenizer)
    {
        var json = new System.Text.Json.Nodes.JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast" };
        foreach ((string key, int? id) in (ReadOnlySpan<(string, int?)>)
            [("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("unk_token", tokenizer.UnkId),
                ("pad_token", tokenizer.PadId),
            ("cls_token", tokenizer.SpecialTokens.Cls), ("sep_token", tokenizer.SpecialTokens.Sep),
                ("mask_token", tokenizer.SpecialTokens.Mask)])
        {
            if (id is { } known)
                json[key] = tokenizer.PieceOf(known);
        }

        if (tokenizer.ChatTemplate is { } template)
            json["chat_template"] = template.Source;
        return json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
    }

    /// <summary>The ids that the config knows and the tokenizer does not say.</summary>
    /// <exception cref="UnsupportedConfigException">There are more ends than the format has keys for.</exception>
    private static void AddIds(string name, ModelConfig config, Dictionary<string, object> keys)
    {
        if (config.BosTokenId is { } bos)
            keys.TryAdd("tokenizer.ggml.bos_token_id", (uint)bos);
        if (config.PadTokenId is { } pad)
            keys.TryAdd("tokenizer.ggml.padding_token_id", (uint)pad);
        string[] places = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];
        foreach (int end in config.EosTokenIds)
        {
            if (places.Any(place => keys.TryGetValue(place, out object? known)
                && Convert.ToInt64(known, CultureInfo.InvariantCulture) == end))
            {
                continue;
            }
            string free = places.FirstOrDefault(place => !keys.ContainsKey(place))
                ?? throw new UnsupportedConfigException(name, ["eos_token_id"],
                    $"eos_token_id lists {string.Join(", ", config.EosTokenIds)}; GGUF has {places.Length} keys for ids that end "
                        + $"a text, and {string.Join(", ", places.Select(place => keys[place]))} are in them already, so {end} "
                        + "would be lost.");
            keys[free] = (uint)end;
        }
    }
}
