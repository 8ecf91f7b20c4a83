namespace Seriatim.Models;

/// <summary>XLM-RoBERTa (Conneau et al., 2019): RoBERTa for a hundred languages; re-rankers are one with one class.</summary>
internal sealed class XlmRobertaArchitecture : Architecture
{
    public override string ModelType => "xlm-roberta";

    public override IReadOnlyList<string> ClassNames => BertFamily.Classes("XLMRoberta");

    internal override GgufMap Gguf { get; } = BertGguf.Map(reads: false);

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        RobertaFamily.ReadSpec(config, ModelType, className);

    public override NameTable TensorNames(ModelSpec spec) => RobertaFamily.TensorNames(spec);
}
