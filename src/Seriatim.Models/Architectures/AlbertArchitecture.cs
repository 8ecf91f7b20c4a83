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
        config.TrainingOnly("classifier_dropout_prob");
        config.Waive("leftovers of the code it was trained with, which nothing reads", "down_scale_factor", "gap_size",
            "net_structure_type", "num_memory_blocks");
        BertShape shape = BertFamily.Read(config, offset: 0, "gelu_new");
        (int layers, Func<int, int?> shares) = Sharing(config, shape.Layers);
        return BertFamily.Build(config, ModelType, BertFamily.TaskOf(className), shape with
        {
            EmbeddingWidth = config.SizeOrNull("embedding_size") ?? 128,
            FactorsEmbedding = true,
            Layers = layers,
            SharesWith = shares,
        });
    }

    /// <summary>
    /// Layers in all, and which earlier one each is: a stack of I layers for each group of neighbours among the L that the config
    /// counts, run through again and again.
    /// </summary>
    private static (int Layers, Func<int, int?> Shares) Sharing(ConfigReader config, int counted)
    {
        int groups = config.SizeOrNull("num_hidden_groups") ?? 1, inner = config.SizeOrNull("inner_group_num") ?? 1;
        if (groups > counted)
            throw config.Unsupported("num_hidden_groups", groups, $"at most num_hidden_layers {counted} is needed");
        if (groups == counted && groups > 1 && inner > 1)
        {
            throw config.Unsupported("inner_group_num", inner,
                $"1 is needed where every one of the {counted} layers is a group of its own");
        }

        return (config.Product("inner_group_num", inner, counted, "num_hidden_layers"), layer =>
        {
            int group = (int)(layer / inner / ((double)counted / groups));
            int first = Enumerable.Range(0, counted).First(i => (int)(i / ((double)counted / groups)) == group);
            int own = first * inner + layer % inner;
            return own == layer ? null : own;
        }
        );
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", $"{Prefix}.embeddings.word_embeddings" },
            { "encoder.positions", $"{Prefix}.embeddings.position_embeddings" },
            { "encoder.types", $"{Prefix}.embeddings.token_type_embeddings" },
            { "encoder.embed_norm", $"{Prefix}.embeddings.LayerNorm" },
            { "encoder.project_in", $"{Prefix}.encoder.embedding_hidden_mapping_in" },
        };
        AddLayers(names, spec.Encoder!);
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
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "predictions.decoder.weight") : names;
    }

    /// <summary>The layers that have weights of their own: as many of each group as come before the first is run again.</summary>
    private static void AddLayers(NameTable names, StackSpec stack)
    {
        int[] own = [.. Enumerable.Range(0, stack.Layers.Count).Where(layer => stack.Layers[layer].SharesWith is null)];
        int again = Enumerable.Range(0, stack.Layers.Count).FirstOrDefault(layer => stack.Layers[layer].SharesWith == 0, 1);
        for (int i = 0; i < own.Length; i++)
        {
            string path = $"encoder.layers.{own[i]}.";
            string layer = $"{Prefix}.encoder.albert_layer_groups.{i / again}.albert_layers.{i % again}.";
            names.Add($"{path}attention.q", $"{layer}attention.query");
            names.Add($"{path}attention.k", $"{layer}attention.key");
            names.Add($"{path}attention.v", $"{layer}attention.value");
            names.Add($"{path}attention.o", $"{layer}attention.dense");
            names.Add($"{path}norm1", $"{layer}attention.LayerNorm");
            names.Add($"{path}mlp.up", $"{layer}ffn");
            names.Add($"{path}mlp.down", $"{layer}ffn_output");
            names.Add($"{path}norm2", $"{layer}full_layer_layer_norm");
        }
    }
}
