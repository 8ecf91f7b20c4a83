namespace Seriatim.Models;

/// <summary>DistilBERT (Sanh et al., 2019): BERT with half of the layers, no token types, and names of its own.</summary>
internal sealed class DistilBertArchitecture : Architecture
{
    private const string Prefix = "distilbert";

    public override string ModelType => "distilbert";

    public override IReadOnlyList<string> ClassNames => BertFamily.Classes("DistilBert");

    internal override GgufMap Gguf { get; } = BertGguf.Map(reads: false);

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.TrainingOnly("qa_dropout", "seq_classif_dropout");
        config.Waive("how a fresh table of positions begins; it is stored", "sinusoidal_pos_embds");
        config.Waive("an old spelling of tie_word_embeddings, which is read", "tie_weights_");
        int width = config.Size("dim", "hidden_size");
        var shape = new BertShape(width, config.Size("n_heads", "num_attention_heads"),
            config.Size("n_layers", "num_hidden_layers"), config.Size("hidden_dim"), BertFamily.Positions(config, 0), Offset: 0)
        {
            EmbeddingWidth = width,
            TokenTypes = 0,
            Epsilon = 1e-12f,
            Activation = CommonKeys.ReadActivation(config, "gelu", "activation"),
            Pooler = Activation.Relu,
            Dropout = config.Dropout("dropout", "dropout", "attention_dropout"),
        };
        return BertFamily.Build(config, ModelType, BertFamily.TaskOf(className), shape);
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Layer = $"{Prefix}.transformer.layer.*.";
        var names = new NameTable
        {
            { "embed", $"{Prefix}.embeddings.word_embeddings" },
            { "encoder.positions", $"{Prefix}.embeddings.position_embeddings" },
            { "encoder.embed_norm", $"{Prefix}.embeddings.LayerNorm" },
            { "encoder.layers.*.attention.q", $"{Layer}attention.q_lin" },
            { "encoder.layers.*.attention.k", $"{Layer}attention.k_lin" },
            { "encoder.layers.*.attention.v", $"{Layer}attention.v_lin" },
            { "encoder.layers.*.attention.o", $"{Layer}attention.out_lin" },
            { "encoder.layers.*.norm1", $"{Layer}sa_layer_norm" },
            { "encoder.layers.*.mlp.up", $"{Layer}ffn.lin1" },
            { "encoder.layers.*.mlp.down", $"{Layer}ffn.lin2" },
            { "encoder.layers.*.norm2", $"{Layer}output_layer_norm" },
        };
        names.Waive("counted, not stored", $"{Prefix}.embeddings.position_ids");
        if (BertFamily.AddRowHead(names, spec))
            return names;
        switch (spec.Task)
        {
            case ModelTask.SequenceClassification:
                names.Add("head.transform", "pre_classifier");
                names.Add("head", "classifier");
                return names;
            case ModelTask.Encoding:
                return names.Waive("heads: rows are pooled by who asks for them", "vocab_*", "pre_classifier.*", "classifier.*",
                    "qa_outputs.*").WithOptionalPrefix($"{Prefix}.");
            default:
                names.Add("head.transform", "vocab_transform");
                names.Add("head.norm", "vocab_layer_norm");
                names.Add("head", "vocab_projector");
                return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "vocab_projector.weight") : names;
        }
    }
}
