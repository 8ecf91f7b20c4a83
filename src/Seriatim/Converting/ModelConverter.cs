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
    /// <exception cref="ModelException">The model cannot be loaded, or GGUF cannot hold it.</exception>
    /// <exception cref="TokenizerFormatException">GGUF cannot express the tokenizer.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void ToGguf(string source, string target, QuantizationMix mix, Action<GgufTensorReport>? report = null)
    {
        if (Path.GetFullPath(source) == Path.GetFullPath(target))
            throw new IOException($"{target} is the source; write to another file.");
        using Model model = Model.Load(source, new ModelLoadOptions { Storage = WeightStorage.F32 });
        string name = model.Config.Metadata?.GetValueOrDefault("general.name") as string
            ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)));
        IReadOnlyDictionary<string, object> tokenizer = model.Config.Metadata is { } metadata
            ? metadata.Where(pair => pair.Key.StartsWith("tokenizer.", StringComparison.Ordinal)).ToDictionary()
            : GgufTokenizerExport.Read(source, model.Spec.Last.Vocabulary, name);
        AddIds(model.Config, (Dictionary<string, object>)tokenizer);
        GgufModelWriter.Write(model, target, mix, name, tokenizer, report);
    }

    /// <summary>Writes a GGUF file as a model folder in the Hugging Face layout, F32, with its tokenizer.</summary>
    /// <param name="source">The GGUF file.</param>
    /// <param name="folder">The folder; made if it does not exist, files of the same names are replaced.</param>
    /// <exception cref="ModelException">The model cannot be loaded.</exception>
    /// <exception cref="TokenizerFormatException">The tokenizer cannot be written as tokenizer.json.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static void ToFolder(string source, string folder)
    {
        using Model model = Model.Load(source, new ModelLoadOptions { Storage = WeightStorage.F32 });
        if (model.Config.Metadata is not { } metadata)
            throw new ModelFormatException(source, "is not a GGUF file.", "Give the path of a .gguf file.");
        byte[] tokenizer = TokenizerJsonExport.Write(metadata);
        CheckpointWriter.Write(model, folder);
        WholeFile.Write(
            (Path.Combine(folder, "tokenizer.json"), tokenizer),
            (Path.Combine(folder, "tokenizer_config.json"), System.Text.Encoding.UTF8.GetBytes(TokenizerConfig(Tokenizer.FromGguf(metadata)))));
    }

    private static string TokenizerConfig(Tokenizer tokenizer)
    {
        var json = new System.Text.Json.Nodes.JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast" };
        foreach ((string key, int? id) in (ReadOnlySpan<(string, int?)>)
            [("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("unk_token", tokenizer.UnkId), ("pad_token", tokenizer.PadId),
            ("cls_token", tokenizer.SpecialTokens.Cls), ("sep_token", tokenizer.SpecialTokens.Sep), ("mask_token", tokenizer.SpecialTokens.Mask)])
        {
            if (id is { } known)
                json[key] = tokenizer.PieceOf(known);
        }

        if (tokenizer.ChatTemplate is { } template)
            json["chat_template"] = template.Source;
        return json.ToJsonString(new System.Text.Json.JsonSerializerOptions { WriteIndented = true });
    }

    /// <summary>The ids that the config knows and the tokenizer does not say.</summary>
    private static void AddIds(ModelConfig config, Dictionary<string, object> keys)
    {
        if (config.BosTokenId is { } bos)
            keys.TryAdd("tokenizer.ggml.bos_token_id", (uint)bos);
        if (config.EosTokenIds is [var eos, ..])
            keys.TryAdd("tokenizer.ggml.eos_token_id", (uint)eos);
        if (config.EosTokenIds.Count > 1)
            keys.TryAdd("tokenizer.ggml.eot_token_id", (uint)config.EosTokenIds[1]);
        if (config.PadTokenId is { } pad)
            keys.TryAdd("tokenizer.ggml.padding_token_id", (uint)pad);
    }
}
