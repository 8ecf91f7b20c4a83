using System.Text;
using Seriatim.Models;
using Seriatim.Tokenizers;

namespace Seriatim.Tests;

/// <summary>
/// Models of random weights, with vocabularies trained on a few lines: small enough to be made by every test that wants one.
/// </summary>
internal static class TinyModels
{
    /// <summary>ChatML, as many models have it.</summary>
    public const string ChatTemplate =
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if "
            + "add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    /// <summary>ChatML with tools, in the form of Hermes and Qwen.</summary>
    public const string ToolTemplate =
        "{% if tools %}<|im_start|>system\n{% for t in tools %}{{ t.function.name }}: {{ t.function.description }}\n{% endfor %}"
        + "Call: <tool_call>{...}</tool_call><|im_end|>\n{% endif %}"
        + "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}{% for c in m.tool_calls or [] %}"
        + "<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}<|im_end|>\n{% endfor %}"
        + "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

    private const string Tasks = """
        {"summarization": {"prefix": "summarize: ", "max_length": 200},
        "translation_zh_to_en": {"prefix": "translate Chinese to English: "}, "translation_en_to_zh": {"prefix": "translate English to Chinese: "}}
        """;

    private static readonly string[] Text =
        [.. Enumerable.Range(0, 60).Select(i => $"the cat number {i} sat on the mat and sang a song of {i % 7} mice")];

    /// <summary>A decoder, as a rule with a chat template; its vocabulary may be padded, as many are.</summary>
    public static void WriteLlama(string folder, bool chat = true, ulong seed = 5, int padding = 0, int context = 256,
        string template = ChatTemplate, string[]? marks = null, int layers = 2, int inner = 64)
    {
        int size = padding
            + Train(folder, TrainerModel.ByteLevelBpe, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", .. marks ?? []]);
        if (chat)
            File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template);
        Write(folder, seed, $$"""
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": {{size}}, "hidden_size": 32,
            "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}}, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": {{context}},
            "tie_word_embeddings": false, "bos_token_id": 0, "eos_token_id": 0}
            """);
    }

    /// <summary>A decoder whose rows are wide enough for blocks of 256, in files of several mixes.</summary>
    /// <returns>Their names and files.</returns>
    public static (string Name, string Path)[] WriteQuantised(string folder, params string[] mixes)
    {
        string whole = Path.Combine(folder, "whole");
        int size = Train(Directory.CreateDirectory(whole).FullName, TrainerModel.ByteLevelBpe, ["<|endoftext|>"]);
        Write(whole, 5, $$"""
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": {{size}}, "hidden_size": 256,
            "intermediate_size": 512,
            "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 256,
            "tie_word_embeddings": false, "bos_token_id": 0, "eos_token_id": 0}
            """, 0.05f);
        return [.. mixes.Select(mix =>
        {
            string path = Path.Combine(folder, $"tiny-{mix}.gguf");
            ModelConverter.ToGguf(whole, path, QuantizationMix.Parse(mix));
            return ($"tiny-{mix}", path);
        })];
    }

    /// <summary>A quantised decoder of another shape, as large as one likes; its vocabulary is padded.</summary>
    /// <returns>The file.</returns>
    public static string WriteWide(string folder, int width, int heads, int inner, int vocabulary, int layers, string mix)
    {
        string whole = Path.Combine(folder, "wide");
        Train(Directory.CreateDirectory(whole).FullName, TrainerModel.ByteLevelBpe, ["<|endoftext|>"]);
        byte[] config = Encoding.UTF8.GetBytes($$"""
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": {{vocabulary}}, "hidden_size": {{width}},
            "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}},
            "num_key_value_heads": {{heads}}, "max_position_embeddings": 4096, "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0}
            """);
        using (Model model = Model.Create("config", config, new RandomSource(5, 0.02f)))
            CheckpointWriter.Write(model, whole, Tensors.DataType.BF16);
        string file = Path.Combine(folder, $"wide-{mix}.gguf");
        ModelConverter.ToGguf(whole, file, QuantizationMix.Parse(mix));
        Directory.Delete(whole, recursive: true);
        return file;
    }

    /// <summary>An encoder: BertForMaskedLM or BertForSequenceClassification.</summary>
    public static void WriteBert(string folder, string head)
    {
        int size = Train(folder, TrainerModel.WordPiece, null);
        string labels = head.EndsWith("Classification", StringComparison.Ordinal)
            ? "\"id2label\": {\"0\": \"bad\", \"1\": \"good\"}, \"label2id\": {\"bad\": 0, \"good\": 1}," : "";
        Write(folder, 6, $$"""
            {"architectures": ["{{head}}"], "model_type": "bert", "vocab_size": {{size}}, "hidden_size": 32, "intermediate_size": 64, {{labels}}
            "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 64, "type_vocab_size": 2, "hidden_act": "gelu",
            "layer_norm_eps": 1e-12, "pad_token_id": 0, "position_embedding_type": "absolute", "initializer_range": 0.02}
            """);
    }

    /// <summary>An encoder with sparse attention: longformer, big_bird or linformer.</summary>
    public static void WriteSparse(string folder, string family)
    {
        int size = Train(folder, TrainerModel.WordPiece, null);
        string shape = $$"""
            "model_type": "{{family}}", "vocab_size": {{size}}, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 4, "max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0
            """;
        Write(folder, 6, family switch
        {
            "longformer" => $$"""{ {{shape}}, "attention_window": [4, 8] }""",
            "big_bird" => $$"""{ {{shape}}, "block_size": 2, "num_random_blocks": 1 }""",
            _ => $$"""
                {"model_type": "linformer", "num_tokens": {{size}}, "dim": 32, "depth": 2, "heads": 4, "seq_len": 64, "k": 8}
                """,
        });
    }

    /// <summary>An encoder-decoder.</summary>
    public static void WriteMarian(string folder)
    {
        int size = Train(folder, TrainerModel.ByteLevelBpe, ["<|endoftext|>", "<pad>"]);
        Write(folder, 7, $$"""
            {"architectures": ["MarianMTModel"], "model_type": "marian", "vocab_size": {{size}}, "decoder_vocab_size": {{size}}, "d_model": 32,
            "encoder_layers": 2, "decoder_layers": 2, "num_hidden_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
            "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "activation_function": "relu", "max_position_embeddings": 64, "scale_embedding": true,
            "static_position_embeddings": true, "normalize_before": false, "normalize_embedding": false, "share_encoder_decoder_embeddings": true,
            "is_encoder_decoder": true, "bos_token_id": 0, "eos_token_id": 0, "forced_eos_token_id": 0, "pad_token_id": 1,
            "decoder_start_token_id": 1, "add_bias_logits": false}
            """);
    }

    /// <summary>A text-to-text model whose config names both directions between Chinese and English, or others.</summary>
    public static void WriteT5(string folder, string tasks = Tasks)
    {
        int size = Train(folder, TrainerModel.ByteLevelBpe, ["<pad>", "</s>"]);
        Write(folder, 8, $$"""
            {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "vocab_size": {{size}}, "d_model": 32, "d_kv": 8, "d_ff": 64,
            "num_layers": 2, "num_heads": 4, "is_encoder_decoder": true, "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 1,
            "task_specific_params": {{tasks}}}
            """);
    }

    /// <summary>A model that fills in whole targets, with both directions in its config.</summary>
    public static void WriteMaskPredict(string folder, string tasks = Tasks)
    {
        int size = Train(folder, TrainerModel.ByteLevelBpe, ["<pad>", "</s>", "<s>", "<mask>"]);
        Write(folder, 9, $$"""
            {"architectures": ["cmlm_transformer"], "model_type": "cmlm_transformer", "vocab_size": {{size}},
            "encoder_embed_dim": 32,
            "encoder_ffn_embed_dim": 64, "encoder_layers": 2, "encoder_attention_heads": 4, "decoder_embed_dim": 32,
            "decoder_ffn_embed_dim": 64, "decoder_layers": 2, "decoder_attention_heads": 4, "max_source_positions": 64,
            "max_target_positions": 64, "share_all_embeddings": true, "is_encoder_decoder": true, "pad_token_id": 0,
            "eos_token_id": 1,
            "bos_token_id": 2, "mask_token_id": 3, "task_specific_params": {{tasks}}}
            """);
    }

    private static int Train(string folder, TrainerModel kind, string[]? special)
    {
        TrainedTokenizer trained = TokenizerTrainer.Train(
            Text, new TrainerOptions
            {
                Model = kind,
                VocabularySize = 320,
                SpecialTokens = special,
                Lowercase = kind == TrainerModel.WordPiece,
            });
        trained.Save(folder);
        return trained.Tokenizer.VocabularySize;
    }

    private static void Write(string folder, ulong seed, string config, float deviation = 0.2f)
    {
        using Model model = Model.Create("config", Encoding.UTF8.GetBytes(config), new RandomSource(seed, deviation));
        CheckpointWriter.Write(model, folder);
    }
}
