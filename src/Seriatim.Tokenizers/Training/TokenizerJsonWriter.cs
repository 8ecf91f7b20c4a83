using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Node = System.Text.Json.Nodes.JsonNode;

namespace Seriatim.Tokenizers;

/// <summary>Writes a trained vocabulary as <c>tokenizer.json</c> in the layout of the Hugging Face tokenizers library.</summary>
internal static class TokenizerJsonWriter
{
    private const string VisibleSpace = "\u2581";

    private static readonly JsonWriterOptions Layout = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// The normalizer and pre-tokenizer the new tokenizer will have, read back from the JSON that will describe them.
    /// </summary>
    public static (INormalizer? Normalizer, IPretokenizer? Pretokenizer) ReadFront(TrainingPlan plan)
    {
        var front = new JsonObject { ["normalizer"] = Normalizer(plan), ["pre_tokenizer"] = Pretokenizer(plan) };
        SourceNode root = SourceNode.Parse(Bytes(front), "tokenizer.json");
        return (NormalizerReader.Read(root["normalizer"]), PretokenizerReader.Read(root["pre_tokenizer"]));
    }

    /// <summary>Writes the whole file.</summary>
    public static byte[] Write(TrainingPlan plan, TrainedVocabulary vocabulary)
    {
        var added = new JsonArray();
        for (int id = 0; id < plan.Special.Count; id++)
        {
            added.Add((Node)new JsonObject
            {
                ["id"] = id,
                ["content"] = plan.Special[id],
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = id < plan.SpecialCount,
            });
        }

        return Bytes(new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = Normalizer(plan),
            ["pre_tokenizer"] = Pretokenizer(plan),
            ["post_processor"] = PostProcessorOf(plan),
            ["decoder"] = Decoder(plan),
            ["model"] = Model(plan, vocabulary),
        });
    }

    /// <summary>Writes the <c>tokenizer_config.json</c> beside it.</summary>
    public static byte[] WriteConfig(TrainingPlan plan)
    {
        var config = new JsonObject { ["tokenizer_class"] = "PreTrainedTokenizerFast", ["clean_up_tokenization_spaces"] = false };
        void Add(string role, string? token)
        {
            if (token is not null)
            {
                config[role] = token;
            }
        }

        Add("bos_token", plan.Bos);
        Add("eos_token", plan.Eos);
        Add("unk_token", plan.Unk);
        Add("pad_token", plan.Pad);
        foreach ((string role, string token) in new[] { ("cls_token", "[CLS]"), ("sep_token", "[SEP]"), ("mask_token",
            "[MASK]") })
        {
            Add(role, plan.Special.Contains(token) ? token : null);
        }

        return Bytes(config);
    }

    private static byte[] Bytes(JsonObject value)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Layout))
        {
            value.WriteTo(writer);
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static JsonObject? Normalizer(TrainingPlan plan)
    {
        var steps = new JsonArray();
        bool lowercase = plan.Options.Lowercase;
        if (plan.Options.Model == TrainerModel.WordPiece)
        {
            return new JsonObject
            {
                ["type"] = "BertNormalizer",
                ["clean_text"] = true,
                ["handle_chinese_chars"] = true,
                ["strip_accents"] = null,
                ["lowercase"] = lowercase,
            };
        }

        if (lowercase)
        {
            steps.Add((Node)new JsonObject { ["type"] = "Lowercase" });
        }

        if (plan.Options.Model == TrainerModel.ByteFallbackBpe)
        {
            steps.Add((Node)new JsonObject { ["type"] = "Prepend", ["prepend"] = VisibleSpace });
            steps.Add((Node)Replace(" ", VisibleSpace));
        }

        return steps.Count == 0 ? null : new JsonObject { ["type"] = "Sequence", ["normalizers"] = steps };
    }

    private static JsonObject? Pretokenizer(TrainingPlan plan)
    {
        JsonObject? main = plan.Options.Model switch
        {
            TrainerModel.ByteLevelBpe => new JsonObject
            {
                ["type"] = "ByteLevel",
                ["add_prefix_space"] = false,
                ["trim_offsets"] = true,
                ["use_regex"] = true,
            },
            TrainerModel.Unigram => Metaspace(),
            TrainerModel.WordPiece => new JsonObject { ["type"] = "BertPreTokenizer" },
            _ => null,
        };
        if (!plan.Options.SplitDigits || plan.Options.Model == TrainerModel.WordPiece)
        {
            return main;
        }

        var digits = new JsonObject { ["type"] = "Digits", ["individual_digits"] = true };
        return main is null ? digits : new JsonObject { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(digits, main) };
    }

    private static JsonObject? PostProcessorOf(TrainingPlan plan)
    {
        if (plan.Options.Model == TrainerModel.WordPiece && plan.Special.Contains("[CLS]") && plan.Special.Contains("[SEP]"))
        {
            return Template(plan, ["[CLS]", "A:0", "[SEP]"], ["[CLS]", "A:0", "[SEP]", "B:1", "[SEP]:1"]);
        }

        string[] before = plan.AddBos ? [plan.Bos!] : [];
        string[] after = plan.Options.AddEos ? [plan.Eos!] : [];
        return before.Length + after.Length == 0 ? null : Template(plan, [.. before, "A:0", .. after],
            [.. before, "A:0", .. after, .. before.Select(token => token + ":1"), "B:1", .. after.Select(token => token + ":1")]);
    }

    private static JsonObject Template(TrainingPlan plan, string[] single, string[] pair)
    {
        var special = new JsonObject();
        JsonArray Parts(string[] parts)
        {
            var result = new JsonArray();
            foreach (string part in parts)
            {
                string name = part[^2] == ':' ? part[..^2] : part;
                int type = part.EndsWith(":1", StringComparison.Ordinal) ? 1 : 0;
                bool text = name is "A" or "B";
                if (!text)
                {
                    special[name] = new JsonObject
                    {
                        ["id"] = name,
                        ["ids"] = new JsonArray(plan.Special.ToList().IndexOf(name)),
                        ["tokens"] = new JsonArray(name),
                    };
                }

                result.Add((Node)new JsonObject
                {
                    [text ? "Sequence" : "SpecialToken"] = new JsonObject
                    {
                        ["id"] = name,
                        ["type_id"] = type
                    }
                });
            }

            return result;
        }

        var template = new JsonObject { ["type"] = "TemplateProcessing", ["single"] = Parts(single), ["pair"] = Parts(pair) };
        template["special_tokens"] = special;
        return template;
    }

    private static JsonObject Decoder(TrainingPlan plan) => plan.Options.Model switch
    {
        TrainerModel.ByteLevelBpe => new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = false,
            ["trim_offsets"] = true,
            ["use_regex"] = true,
        },
        TrainerModel.Unigram => Metaspace(),
        TrainerModel.WordPiece => new JsonObject { ["type"] = "WordPiece", ["prefix"] = "##", ["cleanup"] = true },
        _ => new JsonObject
        {
            ["type"] = "Sequence",
            ["decoders"] = new JsonArray(Replace(VisibleSpace, " "), new JsonObject { ["type"] = "ByteFallback" },
                new JsonObject { ["type"] = "Fuse" },
                new JsonObject { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 }),
        },
    };

    private static JsonObject Model(TrainingPlan plan, TrainedVocabulary vocabulary)
    {
        IReadOnlyList<string> pieces = vocabulary.Pieces;
        switch (plan.Options.Model)
        {
            case TrainerModel.Unigram:
                var rows = new JsonArray();
                for (int id = 0; id < pieces.Count; id++)
                {
                    rows.Add((Node)new JsonArray(pieces[id], vocabulary.Scores[id]));
                }

                return new JsonObject
                {
                    ["type"] = "Unigram",
                    ["unk_id"] = plan.Special.ToList().IndexOf(plan.Unk!),
                    ["vocab"] = rows,
                    ["byte_fallback"] = false,
                };
            case TrainerModel.WordPiece:
                return new JsonObject
                {
                    ["type"] = "WordPiece",
                    ["unk_token"] = plan.Unk,
                    ["continuing_subword_prefix"] = "##",
                    ["max_input_chars_per_word"] = 100,
                    ["vocab"] = Ids(pieces),
                };
            default:
                bool fallback = plan.Options.Model == TrainerModel.ByteFallbackBpe;
                return new JsonObject
                {
                    ["type"] = "BPE",
                    ["dropout"] = null,
                    ["unk_token"] = fallback ? plan.Unk : null,
                    ["continuing_subword_prefix"] = null,
                    ["end_of_word_suffix"] = null,
                    ["fuse_unk"] = fallback,
                    ["byte_fallback"] = fallback,
                    ["ignore_merges"] = false,
                    ["vocab"] = Ids(pieces),

                    // The older form, "left right", is the one every reader knows; no piece holds a blank.
                    ["merges"] = new JsonArray(vocabulary.Merges.Select(pair =>
                        (Node)$"{pieces[pair.Left]} {pieces[pair.Right]}").ToArray()),
                };
        }
    }

    private static JsonObject Ids(IReadOnlyList<string> pieces)
    {
        var ids = new JsonObject();
        for (int id = 0; id < pieces.Count; id++)
        {
            ids[pieces[id]] = id;
        }

        return ids;
    }

    private static JsonObject Metaspace() => new()
    {
        ["type"] = "Metaspace",
        ["replacement"] = VisibleSpace,
        ["prepend_scheme"] = "always",
        ["split"] = true,
    };

    private static JsonObject Replace(string what, string by) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["String"] = what },
        ["content"] = by,
    };
}
