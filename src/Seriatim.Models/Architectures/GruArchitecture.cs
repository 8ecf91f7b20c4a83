namespace Seriatim.Models;

/// <summary>Gated recurrent units (Cho et al., 2014) as a language model: see <see cref="RecurrentFamily"/>.</summary>
internal sealed class GruArchitecture : Architecture
{
    public override string ModelType => "gru";

    public override IReadOnlyList<string> ClassNames => ["torch.nn.GRU"];

    public override ModelSpec ReadSpec(ConfigReader config, string className) =>
        RecurrentFamily.Model(config, ModelType, GatedCell.Gru);

    public override NameTable TensorNames(ModelSpec spec) => RecurrentFamily.Names(spec);
}
