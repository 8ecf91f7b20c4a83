namespace Seriatim.Models;

/// <summary>mBART (Liu et al., 2020; Tang et al., 2020: mBART-50): BART with its norms before the parts of a layer.</summary>
internal sealed class MBartArchitecture : Architecture
{
    public override string ModelType => "mbart";

    public override IReadOnlyList<string> ClassNames => ["MBartForConditionalGeneration"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.Only("static_position_embeddings", false);
        int positions = config.Size("max_position_embeddings");
        var position = new PositionSpec.Learned(positions, Offset: 2);
        return BartFamily.Model(
            config, ModelType, position, positions, embeddingNorm: true, scaleEmbedding: false, normFirst: true);
    }

    public override NameTable TensorNames(ModelSpec spec) => BartFamily.Names();
}
