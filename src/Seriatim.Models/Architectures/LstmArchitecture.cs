namespace Seriatim.Models;

/// <summary>
/// Long short-term memory (Hochreiter and Schmidhuber, 1997) as a language model: see <see cref="RecurrentFamily"/>.
/// </summary>
internal sealed class LstmArchitecture : Architecture
{
    public override string ModelType => "lstm";

    public override IReadOnlyList<string> ClassNames => ["torch.nn.LSTM"];

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        RecurrentFamily.Model(config, ModelType, GatedCell.Lstm);

    public override NameTable TensorNames(ModelSpec spec) => RecurrentFamily.Names(spec);
}
