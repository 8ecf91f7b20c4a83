namespace Seriatim.Models;

/// <summary>Pegasus (Zhang et al., 2020): norms before the parts of a layer, sinusoidal positions. For summaries.</summary>
internal sealed class PegasusArchitecture : Architecture
{
    private const int LongestTable = 1 << 16;

    public override string ModelType => "pegasus";

    public override IReadOnlyList<string> ClassNames => ["PegasusForConditionalGeneration"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.Only("static_position_embeddings", true);
        config.Waive("rows of the table of positions that nobody stands at", "extra_pos_embeddings");
        int positions = config.Size("max_position_embeddings");
        if (positions > LongestTable)
            throw config.Unsupported("max_position_embeddings", positions, $"at most {LongestTable} are supported");
        return BartFamily.Model(config, ModelType, new PositionSpec.Sinusoidal(positions), positions, embeddingNorm: false,
            scaleEmbedding: false, normFirst: true);
    }

    public override NameTable TensorNames(ModelSpec spec) => BartFamily.Names().Waive(
        "sinusoids are computed", "model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight");
}
