namespace Seriatim.Models;

/// <summary>RoBERTa (Liu et al., 2019): BERT whose positions start after the id of the padding token.</summary>
internal sealed class RobertaArchitecture : Architecture
{
    private const string Classifier = "RobertaForSequenceClassification";

    public override string ModelType => "roberta";

    public override IReadOnlyList<string> ClassNames => ["RobertaForMaskedLM", Classifier];

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        BertFamily.Model(config, ModelType,
            className == Classifier ? ModelTask.SequenceClassification : ModelTask.MaskedLanguageModel,
            offset: (config.IdOrNull("pad_token_id") ?? 1) + 1);

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names("roberta");
        if (spec.Task == ModelTask.SequenceClassification)
        {
            names.Add("head.transform", "classifier.dense");
            names.Add("head", "classifier.out_proj");
            return names;
        }

        BertFamily.AddRobertaHead(names, spec);
        return names.Waive("the pooler of another head", "roberta.pooler.dense.*");
    }
}
