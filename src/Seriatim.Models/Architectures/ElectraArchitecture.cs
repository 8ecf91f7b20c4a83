namespace Seriatim.Models;

/// <summary>
/// ELECTRA (Clark et al., 2020): BERT trained to tell replaced tokens from others, of which the part that tells is loaded as an
/// encoder, and the part that replaces as a masked language model. Small ones have a narrower embedding.
/// </summary>
internal sealed class ElectraArchitecture : Architecture
{
    private const string Prefix = "electra";
    private const string Telling = "ElectraForPreTraining";

    public override string ModelType => "electra";

    public override IReadOnlyList<string> ClassNames => [.. BertFamily.Classes("Electra"), Telling];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.Waive("heads of other classes", "summary_type", "summary_use_proj", "summary_activation", "summary_last_dropout");
        BertShape shape = BertFamily.Read(config, offset: 0);
        ModelTask task = className == Telling ? ModelTask.Encoding : BertFamily.TaskOf(className);
        return BertFamily.Build(config, ModelType, task, shape with
        {
            EmbeddingWidth = config.SizeOrNull("embedding_size") ?? 128,

            // Both heads have the exact function whatever the layers have.
            MaskedActivation = Activation.Gelu,
            Pooler = Activation.Gelu,
        });
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names(Prefix);
        names.Add("encoder.project_in", $"{Prefix}.embeddings_project");
        if (BertFamily.AddRowHead(names, spec))
            return names;
        switch (spec.Task)
        {
            case ModelTask.SequenceClassification:
                names.Add("head.transform", "classifier.dense");
                names.Add("head", "classifier.out_proj");
                return names;
            case ModelTask.Encoding:
                return names.Waive("heads: rows are pooled by who asks for them", "discriminator_predictions.*",
                    "generator_*", "classifier.*", "qa_outputs.*").WithOptionalPrefix($"{Prefix}.");
            default:
                names.Add("head.transform", "generator_predictions.dense");
                names.Add("head.norm", "generator_predictions.LayerNorm");
                names.Add("head", "generator_lm_head");
                return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "generator_lm_head.weight") : names;
        }
    }
}
