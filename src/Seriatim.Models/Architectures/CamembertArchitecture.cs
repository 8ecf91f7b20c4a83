namespace Seriatim.Models;

/// <summary>CamemBERT (Martin et al., 2019): RoBERTa for French.</summary>
internal sealed class CamembertArchitecture : Architecture
{
    public override string ModelType => "camembert";

    public override IReadOnlyList<string> ClassNames => BertFamily.Classes("Camembert");

    internal override GgufMap Gguf { get; } = BertGguf.Map(reads: false);

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        RobertaFamily.ReadSpec(config, ModelType, className);

    public override NameTable TensorNames(ModelSpec spec) => RobertaFamily.TensorNames(spec);
}
