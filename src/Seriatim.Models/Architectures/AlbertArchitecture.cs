namespace Seriatim.Models;

/// <summary>
/// ALBERT (Lan et al., 2019): BERT whose layers all have the same weights, with an embedding of fewer features than rows.
/// </summary>
internal sealed class AlbertArchitecture : Architecture
{
    private const string Prefix = "albert";

    public override string ModelType => "albert";

    public override IReadOnlyList<string> ClassNames => [.. BertFamily.Classes("Albert"), "AlbertForPreTraining"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        foreach (string key in (string[])["num_hidden_groups", "inner_group_num"])
        {
            if (config.SizeOrNull(key) is { } count and not 1)
                throw config.Unsupported(key, count, "only 1 is supported: all layers share one set of weights");
        }

        config.TrainingOnly("classifier_dropout_prob");
        config.Waive("leftovers of the code it was trained with, which nothing reads", "down_scale_factor", "gap_size",
            "net_structure_type", "num_memory_blocks");
        BertShape shape = BertFamily.Read(config, offset: 0, "gelu_new");
        return BertFamily.Build(config, ModelType, BertFamily.TaskOf(className), shape with
        {
            EmbeddingWidth = config.SizeOrNull("embedding_size") ?? 128,
            FactorsEmbedding = true,
            SharesLayers = true,
        });
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        const string Layer = $"{Prefix}.encoder.albert_layer_groups.0.albert_layers.0.";
        var names = new NameTable
        {
            { "embed", $"{Prefix}.embeddings.word_embeddings" },
            { "encoder.positions", $"{Prefix}.embeddings.position_embeddings" },
            { "encoder.types", $"{Prefix}.embeddings.token_type_embeddings" },
            { "encoder.embed_norm", $"{Prefix}.embeddings.LayerNorm" },
            { "encoder.project_in", $"{Prefix}.encoder.embedding_hidden_mapping_in" },
            { "encoder.layers.*.attention.q", $"{Layer}attention.query" },
            { "encoder.layers.*.attention.k", $"{Layer}attention.key" },
            { "encoder.layers.*.attention.v", $"{Layer}attention.value" },
            { "encoder.layers.*.attention.o", $"{Layer}attention.dense" },
            { "encoder.layers.*.norm1", $"{Layer}attention.LayerNorm" },
            { "encoder.layers.*.mlp.up", $"{Layer}ffn" },
            { "encoder.layers.*.mlp.down", $"{Layer}ffn_output" },
            { "encoder.layers.*.norm2", $"{Layer}full_layer_layer_norm" },
        };
        names.Waive("counted, not stored", $"{Prefix}.embeddings.position_ids");
        if (spec.Task == ModelTask.SequenceClassification)
        {
            names.Add("head.transform", $"{Prefix}.pooler");
            names.Add("head", "classifier");
            return names;
        }

        names.Waive("the pooler of another head", $"{Prefix}.pooler.*", "sop_classifier.*");
        if (BertFamily.AddRowHead(names, spec))
            return names;
        if (spec.Task == ModelTask.Encoding)
        {
            return names.Waive("heads: rows are pooled by who asks for them", "predictions.*", "classifier.*", "qa_outputs.*")
                .WithOptionalPrefix($"{Prefix}.");
        }

        names.Add("head.transform", "predictions.dense");
        names.Add("head.norm", "predictions.LayerNorm");
        names.Add("head", "predictions.decoder");
        names.Add("head.bias", "predictions.bias");
        names.Waive("a copy of predictions.bias", "predictions.decoder.bias");
        return spec.Head.Tied ? names.Waive("a copy of the tied embedding", "predictions.decoder.weight") : names;
    }
}
