namespace Seriatim.Models;

/// <summary>RoBERTa (Liu et al., 2019): BERT whose positions start after the id of the padding token.</summary>
internal sealed class RobertaArchitecture : Architecture
{
    public override string ModelType => "roberta";

    public override IReadOnlyList<string> ClassNames => BertFamily.Classes("Roberta");

    internal override GgufMap Gguf { get; } = BertGguf.Map(reads: false);

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        RobertaFamily.ReadSpec(config, ModelType, className);

    public override NameTable TensorNames(ModelSpec spec) => RobertaFamily.TensorNames(spec);
}
