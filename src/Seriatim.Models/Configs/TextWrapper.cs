using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// A model of texts and something else, whose config holds that of its text model as <c>text_config</c>. The text model is loaded
/// as if it stood alone: the keys of both levels are joined, and keys and tensors of the eyes and ears are left out by name.
/// </summary>
internal sealed class TextWrapper
{
    private const string Section = "text_config";

    /// <summary>
    /// The wrappers whose text models work alike with and without them: class, and the text model if its config does not say.
    /// </summary>
    private static readonly Dictionary<string, string> Classes = new()
    {
        ["LlavaForConditionalGeneration"] = "llama",
        ["LlavaNextForConditionalGeneration"] = "llama",
        ["LlavaOnevisionForConditionalGeneration"] = "qwen2",
        ["VipLlavaForConditionalGeneration"] = "llama",
        ["Mistral3ForConditionalGeneration"] = "mistral",
        ["InternVLForConditionalGeneration"] = "qwen2",
        ["Idefics3ForConditionalGeneration"] = "llama",
        ["SmolVLMForConditionalGeneration"] = "llama",
        ["Qwen2AudioForConditionalGeneration"] = "qwen2",
        ["VoxtralForConditionalGeneration"] = "llama",
        ["Gemma3ForConditionalGeneration"] = "gemma3_text",
        ["Gemma4ForConditionalGeneration"] = "gemma4_text",
        ["Llama4ForConditionalGeneration"] = "llama4_text",
        ["Qwen3_5ForConditionalGeneration"] = "qwen3_5_text",
        ["Qwen3_5MoeForConditionalGeneration"] = "qwen3_5_moe_text",
    };

    /// <summary>Keys beside the text model that say nothing of it.</summary>
    private static readonly HashSet<string> Beside =
    [
        "vision_config", "audio_config", "vision_start_token_id", "vision_end_token_id", "image_token_index", "image_token_id",
        "video_token_index", "video_token_id", "audio_token_index", "audio_token_id", "vision_feature_layer",
        "vision_feature_layers", "vision_feature_select_strategy", "vision_aspect_ratio", "projector_hidden_act",
        "projector_layernorm_eps", "multimodal_projector_bias", "image_seq_length",
        "image_grid_pinpoints", "use_image_newline_parameter", "spatial_merge_size", "scale_factor", "downsample_ratio",
        "ignore_index", "boi_token_index", "eoi_token_index", "boa_token_index", "eoa_token_index", "mm_tokens_per_image",
        "boi_token_id", "eoi_token_id", "boa_token_id", "eoa_token_id", "vision_soft_tokens_per_image", Section, "architectures",
        "model_type", "sub_configs",
    ];

    /// <summary>Ids that the outer level decides, as generation reads them there.</summary>
    private static readonly HashSet<string> Outer = ["bos_token_id", "eos_token_id", "pad_token_id"];

    /// <summary>Keys of both levels that may differ, because they change no result.</summary>
    private static readonly HashSet<string> Free =
        ["torch_dtype", "dtype", "transformers_version", "_name_or_path", "use_cache", "initializer_range",
            "_attn_implementation_autoset"];

    private static readonly string[] OtherTensors =
    [
        "vision_tower.*", "vision_model.*", "audio_tower.*", "multi_modal_projector.*", "connector.*", "image_newline",
        "model.vision_tower.*", "model.vision_model.*", "model.audio_tower.*", "model.multi_modal_projector.*",
        "model.connector.*", "model.image_newline", "embed_vision.*", "embed_audio.*", "model.embed_vision.*",
        "model.embed_audio.*", "visual.*", "model.visual.*",
    ];

    private TextWrapper(JsonObject config)
    {
        Json = Encoding.UTF8.GetBytes(config.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
        using JsonDocument document = JsonDocument.Parse(Json);
        Config = document.RootElement.Clone();
    }

    /// <summary>The config of the text model alone.</summary>
    public JsonElement Config { get; }

    /// <summary>The same, UTF-8.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The text model of a config; null if it is no wrapper that is known.</summary>
    /// <exception cref="UnsupportedConfigException">
    /// <c>text_config</c> is no object, or the two levels contradict each other.
    /// </exception>
    public static TextWrapper? Of(string file, JsonElement root)
    {
        var outer = new ConfigReader(file, root);
        if (outer.Texts("architectures") is not [var name, ..] || !Classes.TryGetValue(name, out string? usual)
            || !outer.Keys.Contains(Section))
        {
            return null;
        }
        if (!outer.HasSection(Section))
            throw outer.Unsupported(Section, root.GetProperty(Section), "a JSON object is needed");
        JsonObject text = JsonObject.Create(root.GetProperty(Section))!;
        if (text["model_type"] is null)
            text["model_type"] = usual;
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (Beside.Contains(property.Name) || property.Value.ValueKind == JsonValueKind.Null)
                continue;
            JsonNode own = JsonNode.Parse(property.Value.GetRawText())!;
            if (text[property.Name] is null || Outer.Contains(property.Name))
            {
                text[property.Name] = own;
            }
            else if (!Free.Contains(property.Name) && !JsonNode.DeepEquals(text[property.Name], own))
            {
                throw outer.Unsupported(property.Name, property.Value,
                    $"{Section}.{property.Name} is {text[property.Name]!.ToJsonString()}; they must agree");
            }
        }

        AddDefaults(text);
        return new TextWrapper(text);
    }

    /// <summary>The names of the text model's tensors in a checkpoint of the whole.</summary>
    public NameTable Names(NameTable names, SafetensorsCheckpoint checkpoint)
    {
        bool Holds(string prefix) => checkpoint.Entries.Any(e => e.Name.StartsWith(prefix, StringComparison.Ordinal));
        NameTable renamed;
        if (Holds("language_model."))
        {
            renamed = names.Renamed(name => $"language_model.{name}");
        }
        else
        {
            string inner = Holds("model.text_model.") ? "model.text_model." : "model.language_model.";
            renamed = names.Renamed(name => name.StartsWith("model.", StringComparison.Ordinal)
                ? inner + name["model.".Length..]
                : name);
        }

        return renamed.Waive("what sees or hears: texts alone are read", OtherTensors);
    }

    private static void AddDefaults(JsonObject text)
    {
        string? type = text["model_type"] is JsonValue value && value.TryGetValue(out string? name) ? name : null;
        if (ArchitectureRegistry.All.FirstOrDefault(a => a.ModelType == type) is not { } architecture)
            return;
        foreach ((string key, JsonNode? usual) in JsonNode.Parse(architecture.NestedDefaults)!.AsObject())
        {
            if (text[key] is null && !(key == "rope_theta" && text["rope_parameters"] is not null))
                text[key] = usual?.DeepClone();
        }
    }
}
