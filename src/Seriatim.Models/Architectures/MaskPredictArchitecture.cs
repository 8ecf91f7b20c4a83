namespace Seriatim.Models;

/// <summary>
/// Mask-Predict (Ghazvininejad et al., 2019) as the code of the paper has it (<c>bert_transformer_seq2seq</c>): every token of
/// a target
/// is predicted, the end among them, and its length is read from a row before the source.
/// </summary>
internal sealed class MaskPredictArchitecture : Architecture
{
    public override string ModelType => "mask_predict";

    public override IReadOnlyList<string> ClassNames => ["bert_transformer_seq2seq"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int pad = MaskPredictFamily.Pad(config);
        ModelSpec model = MaskPredictFamily.Model(config, ModelType, new NormSpec(NormKind.Layer, 1e-12f, Bias: true),
            CommonKeys.ReadActivation(config, "gelu", "activation_fn"),
            (side, _) => (float)config.Number(1, $"{side}_embed_scale"),
            (_, positions) => new PositionSpec.Learned(positions, pad + 1));
        int longest = config.Size("max_target_positions");
        return model with
        {
            MaskPredict = new MaskPredictSpec(config.IdOrNull("mask_token_id") ?? 4,
                new LengthSpec(LengthSource.LeadingRow, longest, longest - 1) { Excluded = 1 })
            {
                AlwaysMasks = true,
            },
            Dropout = config.Dropout("dropout", "dropout", "attention_dropout", "relu_dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        int width = spec.Last.Width;
        return MaskPredictFamily.Names(AddAttention, AddNorm, ("layer_norms.0", "layer_norms.1"), "encoder.embed_lengths");

        void AddAttention(NameTable names, string path, string file)
        {
            foreach ((string part, int number) in ((string, int)[])[("q", 0), ("k", 1), ("v", 2)])
            {
                RowPattern rows = RowPattern.Run(number * width, width, 3 * width);
                names.Add($"{path}.{part}.weight", new TensorPlace($"{file}.in_proj_weight", Rows: rows));
                names.Add($"{path}.{part}.bias", new TensorPlace($"{file}.in_proj_bias", Rows: rows));
            }

            names.Add($"{path}.o", $"{file}.out_proj");
        }
    }

    private static void AddNorm(NameTable names, string path, string file)
    {
        names.Add($"{path}.weight", $"{file}.gamma");
        names.Add($"{path}.bias", $"{file}.beta");
    }
}
