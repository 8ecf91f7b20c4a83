namespace Seriatim.Models;

/// <summary>BART (Lewis et al., 2019): learned positions from row 2, a norm after the embedding.</summary>
internal sealed class BartArchitecture : Architecture
{
    public override string ModelType => "bart";

    public override IReadOnlyList<string> ClassNames => ["BartForConditionalGeneration"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int positions = config.Size("max_position_embeddings");
        var position = new PositionSpec.Learned(positions, Offset: 2);
        return BartFamily.Model(config, ModelType, position, positions, embeddingNorm: true, scaleEmbedding: false);
    }

    public override NameTable TensorNames(ModelSpec spec) => BartFamily.Names();
}
