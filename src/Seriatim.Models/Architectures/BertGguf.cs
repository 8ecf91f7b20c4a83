using System.Text.Json.Nodes;

namespace Seriatim.Models;

/// <summary>
/// BERT in GGUF files, and the encoders that are BERT under other names: files of those are read as BERT's.
/// </summary>
internal static class BertGguf
{
    private const string Classifier = "BertForSequenceClassification";
    private const string Bare = "BertModel";

    /// <summary>The value of <c>pooling_type</c> that says: the classifier reads the first row.</summary>
    private const uint ByClassifier = 4;

    /// <summary>The map of a family.</summary>
    /// <param name="reads">Whether it is the one that files are read by.</param>
    public static GgufMap Map(bool reads) => new()
    {
        Architecture = "bert",
        Keys =
        [
            new("context_length", "max_position_embeddings"), new("embedding_length", "hidden_size"),
            new("block_count", "num_hidden_layers"), new("feed_forward_length", "intermediate_size"),
            new("attention.head_count", "num_attention_heads"),
            new("attention.layer_norm_epsilon", "layer_norm_eps", GgufKind.Number),
            new GgufKey("vocab_size", "vocab_size").Optional,
        ],
        Applies = _ => reads,
        Names = spec => Names(spec, fused: false),
        NamesIn = (spec, config) => Names(spec, fused: config.Has("blk.0.attn_qkv.weight")),
        Read = Read,
        Write = Write,
    };

    private static void Read(GgufConfig config)
    {
        config.Only("attention.head_count_kv", config.Required("attention.head_count"), "the number of heads");
        if (config.Flag("attention.causal") != false)
        {
            throw config.Unsupported("attention.causal", true,
                "false is needed: BERT sees whole texts, and readers take a missing key for true");
        }
        if (config.Size("pooling_type") is > 4 and var pooling) // none, mean, first, last, by the classifier; it changes no row
            throw config.Unsupported("pooling_type", pooling, "0 to 4 is needed");
        config.Json["type_vocab_size"] = config.RowsOf("token_types.weight") ?? 0;
        string[]? labels = config.Texts("classifier.output_labels");
        if (config.RowsOf("cls.output.weight") is not { } classes)
        {
            config.Json["architectures"] = new JsonArray(Bare);
            return;
        }

        if (labels is not null && labels.Length != classes)
        {
            throw config.Unsupported("classifier.output_labels", labels,
                $"cls.output.weight has {classes} rows, one for each label");
        }
        config.Json["architectures"] = new JsonArray(Classifier);
        labels ??= [.. Enumerable.Range(0, classes).Select(i => $"LABEL_{i}")];
        config.Json["id2label"] = new JsonObject(labels.Select((label, i) => KeyValuePair.Create($"{i}", (JsonNode?)label)));
    }

    private static void Write(GgufExport export)
    {
        export.Require(export.Spec.Task is ModelTask.SequenceClassification or ModelTask.Encoding, "architectures",
            $"GGUF files of bert have no tensors for the head of a {export.Spec.Task} (a masked language model has "
                + $"cls.predictions.*); name {Bare} there to write the encoder alone");
        export.RequireActivation(Activation.Gelu);
        export.Set("context_length", (uint)export.Spec.Context); // configs of RoBERTa count rows of the table
        export.Set("attention.causal", false);
        export.SetPlain("tokenizer.ggml.token_type_count", (uint)Math.Max(1, export.Spec.Encoder!.TokenTypes));
        if (export.Spec.Task == ModelTask.SequenceClassification)
        {
            export.Set("pooling_type", ByClassifier);
            export.Set("classifier.output_labels", export.Config.Labels.ToArray());
        }
    }

    private static NameTable Names(ModelSpec spec, bool fused)
    {
        var names = new NameTable
        {
            { "embed", "token_embd" },
            {
                "encoder.positions.weight", new TensorPlace("position_embd.weight")
                {
                    SkippedRows = spec.Encoder!.Position is PositionSpec.Learned learned ? learned.Offset : 0,
                }
            },
            { "encoder.types", "token_types" },
            { "encoder.embed_norm", "token_embd_norm" },
            { "encoder.layers.*.attention.o", "blk.*.attn_output" },
            { "encoder.layers.*.norm1", "blk.*.attn_output_norm" },
            { "encoder.layers.*.mlp.up", "blk.*.ffn_up" },
            { "encoder.layers.*.mlp.down", "blk.*.ffn_down" },
            { "encoder.layers.*.norm2", "blk.*.layer_output_norm" },
            { "head.transform", "cls" },
            { "head", "cls.output" },
        };
        int width = spec.Encoder.Width;
        foreach ((int i, string part) in (ReadOnlySpan<(int, string)>)[(0, "q"), (1, "k"), (2, "v")])
        {
            names.Add($"encoder.layers.*.attention.{part}",
                fused ? new TensorPlace("blk.*.attn_qkv", Rows: RowPattern.Run(i * width, width, 3 * width))
                    : new TensorPlace($"blk.*.attn_{part}"));
        }

        return names;
    }
}
