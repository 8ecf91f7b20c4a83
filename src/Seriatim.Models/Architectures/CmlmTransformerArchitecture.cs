namespace Seriatim.Models;

/// <summary>
/// Mask-Predict (Ghazvininejad et al., 2019) as fairseq has it (<c>cmlm_transformer</c>): targets lie between a first and a
/// last id,
/// and their length, which counts both, is read from the mean of the encoder's rows. Configs hold the arguments of the
/// constructor; they
/// may name the ids, which fairseq has in its dictionary.
/// </summary>
internal sealed class CmlmTransformerArchitecture : Architecture
{
    private const int LengthClasses = 256;

    public override string ModelType => "cmlm_transformer";

    public override IReadOnlyList<string> ClassNames => ["cmlm_transformer"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        bool scales = !config.Flag(false, "no_scale_embedding");
        config.Only("sg_length_pred", false);
        config.Only("layernorm_embedding", false);
        config.TrainingOnly("label_smoothing");
        int pad = MaskPredictFamily.Pad(config);
        ModelSpec model = MaskPredictFamily.Model(
            config, ModelType, new NormSpec(NormKind.Layer, 1e-5f, Bias: true),
            CommonKeys.ReadActivation(config, "relu", "activation_fn"),
            (_, width) => scales ? MathF.Sqrt(width) : 1,
            (side, positions) => config.Flag(false, $"{side}_learned_pos")
                ? new PositionSpec.Learned(positions, pad + 1)
                : Sinusoidal(config, side, positions, pad + 1));
        var lengths = new LengthSpec(LengthSource.Mean, LengthClasses, config.Size("max_target_positions"))
        {
            IsOffset = config.Flag(false, "pred_length_offset"),
            TriesNeighbours = true,
        };
        int begin = config.IdOrNull("bos_token_id") ?? 0, end = config.IdOrNull("eos_token_id") ?? 2;
        return model with
        {
            MaskPredict = new MaskPredictSpec(config.IdOrNull("mask_token_id") ?? 3, lengths)
            {
                Frame = new TargetFrame(begin, end),
                MasksPredictedMasks = true,
                LengthLossFactor = (float)config.Number(0.1, "length_loss_factor"),
            },
            Dropout = config.Dropout("dropout", "dropout", "attention_dropout", "activation_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec) => MaskPredictFamily.Names(AddAttention,
        (names, path, file) => names.Add(path, file), ("self_attn_layer_norm", "final_layer_norm"), "decoder.embed_length")
        .Waive("sinusoids are computed", "encoder.embed_positions._float_tensor", "decoder.embed_positions._float_tensor");

    private static PositionSpec.Sinusoidal Sinusoidal(ConfigReader config, string side, int positions, int offset)
    {
        int width = config.Size($"{side}_embed_dim");
        return width % 2 == 0 && width > 2
            ? new PositionSpec.Sinusoidal(positions) { Offset = offset, EndsWithLongest = true }
            : throw config.Unsupported($"{side}_embed_dim", width, "an even number from 4 on is needed for sinusoids");
    }

    private static void AddAttention(NameTable names, string path, string file)
    {
        names.Add($"{path}.q", $"{file}.q_proj");
        names.Add($"{path}.k", $"{file}.k_proj");
        names.Add($"{path}.v", $"{file}.v_proj");
        names.Add($"{path}.o", $"{file}.out_proj");
    }
}
