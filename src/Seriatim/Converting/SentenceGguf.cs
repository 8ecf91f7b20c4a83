using Seriatim.Generation;
using Seriatim.Models;

namespace Seriatim;

/// <summary>
/// How embeddings are made, from a folder into a GGUF file and back. The format has one number for pooling, and nothing
/// for the rest; readers scale to length 1.
/// </summary>
internal static class SentenceGguf
{
    private static readonly Dictionary<PoolingKind, uint> Numbers =
        new() { [PoolingKind.Mean] = 1, [PoolingKind.First] = 2, [PoolingKind.Last] = 3 };

    /// <summary>Adds the key of pooling.</summary>
    /// <param name="model">The model.</param>
    /// <param name="source">Where it came from.</param>
    /// <param name="keys">The metadata.</param>
    /// <exception cref="UnsupportedConfigException">The format cannot say how this model embeds.</exception>
    public static void AddKeys(Model model, string source, Dictionary<string, object> keys)
    {
        SentenceConfig config = SentenceConfig.Read(model, source);
        void Require(bool holds, string key, string problem)
        {
            if (!holds)
                throw new UnsupportedConfigException(source, [key], $"{key}: {problem}. This model cannot be written as GGUF.");
        }

        Require(config.Steps.All(step => step is null), "Dense", "GGUF has no layers after pooling");
        Require(!config.Lowercase, "do_lower_case", "GGUF says it in the tokenizer alone");
        Require(config.Prompt.Length == 0, "default_prompt_name", "GGUF has no prompt for embeddings");
        if (config.Pooling.Count == 0)
            return;
        Require(config.Pooling.Count == 1 && Numbers.ContainsKey(config.Pooling[0]), "pooling_mode",
            $"GGUF has one of {string.Join(", ", Numbers.Keys)}, not {string.Join(" and ", config.Pooling)}");
        if (model.Spec.Family == "bert")
            keys["bert.pooling_type"] = Numbers[config.Pooling[0]];
        else
        {
            PoolingKind usual = model.Spec.Encoder is null ? PoolingKind.Last : PoolingKind.Mean;
            Require(config.Pooling[0] == usual, "pooling_mode", $"GGUF files of {model.Spec.Family} have no key for it");
        }
    }

    /// <summary>Writes the files that say how a model from a GGUF file embeds, if that file says it.</summary>
    public static void WriteFolder(Model model, string folder)
    {
        SentenceConfig config = SentenceConfig.Read(model, folder);
        if (config.Pooling.Count == 0)
            return;
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(folder, "modules.json"), """
            [
              {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
              {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
              {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
            ]
            """);
        string Flag(PoolingKind kind) => config.Pooling[0] == kind ? "true" : "false";
        File.WriteAllText(Path.Combine(folder, "1_Pooling", "config.json"), $$"""
            {
              "word_embedding_dimension": {{model.Spec.Last.Width}},
              "pooling_mode_cls_token": {{Flag(PoolingKind.First)}},
              "pooling_mode_mean_tokens": {{Flag(PoolingKind.Mean)}},
              "pooling_mode_max_tokens": false,
              "pooling_mode_mean_sqrt_len_tokens": false,
              "pooling_mode_weightedmean_tokens": false,
              "pooling_mode_lasttoken": {{Flag(PoolingKind.Last)}}
            }
            """);
    }
}
