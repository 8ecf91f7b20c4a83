namespace Seriatim.Models;

/// <summary>BERT (Devlin et al., 2018): masked language model, or classification of sequences by their first row.</summary>
internal sealed class BertArchitecture : Architecture
{
    private const string Classifier = "BertForSequenceClassification";

    public override string ModelType => "bert";

    public override IReadOnlyList<string> ClassNames => ["BertForMaskedLM", Classifier];

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        BertFamily.Model(config, ModelType, className == Classifier, offset: 0);

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names("bert");
        if (spec.Task == ModelTask.SequenceClassification)
        {
            names.Add("head.transform", "bert.pooler.dense");
            names.Add("head", "classifier");
            return names;
        }

        names.Add("head.transform", "cls.predictions.transform.dense");
        names.Add("head.norm", "cls.predictions.transform.LayerNorm");
        names.Add("head", "cls.predictions.decoder");
        names.Add("head.bias", "cls.predictions.bias");
        names.Waive("a copy of cls.predictions.bias", "cls.predictions.decoder.bias");
        names.Waive("the head of next sentence prediction", "bert.pooler.dense.*", "cls.seq_relationship.*");
        return spec.Head.Tied ? names.Waive("a copy of the tied embedding", "cls.predictions.decoder.weight") : names;
    }
}
