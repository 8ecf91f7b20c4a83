namespace Seriatim.Models;

/// <summary>
/// BERT (Devlin et al., 2018): masked language model, classification of sequences by their first row or of tokens, answers, or
/// the encoder alone.
/// </summary>
internal sealed class BertArchitecture : Architecture
{
    public override string ModelType => "bert";

    public override IReadOnlyList<string> ClassNames => [.. BertFamily.Classes("Bert"), "BertForPreTraining"];

    internal override GgufMap Gguf { get; } = BertGguf.Map(reads: true);

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        BertFamily.Model(config, ModelType, BertFamily.TaskOf(className), offset: 0);

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names("bert");
        switch (spec.Task)
        {
            case ModelTask.SequenceClassification:
                names.Add("head.transform", "bert.pooler.dense");
                names.Add("head", "classifier");
                return names;
            case ModelTask.TokenClassification or ModelTask.QuestionAnswering:
                BertFamily.AddRowHead(names, spec);
                return names.Waive("the pooler of another head", "bert.pooler.dense.*");
            case ModelTask.Encoding:
                names.Waive("the pooler and the heads of other tasks: rows are pooled by who asks for them",
                    "bert.pooler.dense.*", "cls.*", "classifier.*", "qa_outputs.*");
                return names.WithOptionalPrefix("bert.");
            default:
                BertFamily.AddMaskedHead(names, spec);
                return names.Waive(
                    "the head of next sentence prediction", "bert.pooler.dense.*", "cls.seq_relationship.*");
        }
    }
}
