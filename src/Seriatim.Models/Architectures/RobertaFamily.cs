namespace Seriatim.Models;

/// <summary>RoBERTa and its descendants: BERT whose positions start after the id of the padding token.</summary>
internal static class RobertaFamily
{
    private const string Prefix = "roberta";

    public static ModelSpec ReadSpec(ConfigReader config, string family, string className) => BertFamily.Model(
        config, family, BertFamily.TaskOf(className), offset: (config.IdOrNull("pad_token_id") ?? 1) + 1);

    public static NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names(Prefix);
        if (spec.Task == ModelTask.SequenceClassification)
        {
            names.Add("head.transform", "classifier.dense");
            names.Add("head", "classifier.out_proj");
            return names;
        }

        names.Waive("the pooler of another head", $"{Prefix}.pooler.dense.*");
        if (BertFamily.AddRowHead(names, spec))
            return names;
        if (spec.Task == ModelTask.Encoding)
        {
            return names.Waive("heads: rows are pooled by who asks for them", "lm_head.*", "classifier.*", "qa_outputs.*")
                .WithOptionalPrefix($"{Prefix}.");
        }

        BertFamily.AddRobertaHead(names, spec);
        return names;
    }
}
