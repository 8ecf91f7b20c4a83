namespace Seriatim.Models;

/// <summary>Marian (Junczys-Dowmunt et al., 2018) as the OPUS-MT models use it: the original Transformer with sinusoidal positions.</summary>
internal sealed class MarianArchitecture : Architecture
{
    private const int LongestTable = 1 << 16;

    public override string ModelType => "marian";

    public override IReadOnlyList<string> ClassNames => ["MarianMTModel"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        config.Only("static_position_embeddings", true);
        config.Only("share_encoder_decoder_embeddings", true);
        if (config.SizeOrNull("decoder_vocab_size") is { } other && other != config.Size("vocab_size"))
            throw config.Unsupported("decoder_vocab_size", other, $"vocab_size {config.Size("vocab_size")} is needed");
        int positions = config.Size("max_position_embeddings");
        if (positions > LongestTable)
            throw config.Unsupported("max_position_embeddings", positions, $"at most {LongestTable} are supported");
        return BartFamily.Model(
            config, ModelType, new PositionSpec.Sinusoidal(positions), positions, embeddingNorm: false, scaleEmbedding: true);
    }

    public override NameTable TensorNames(ModelSpec spec) => BartFamily.Names().Waive(
        "sinusoids are computed", "model.encoder.embed_positions.weight", "model.decoder.embed_positions.weight");
}
