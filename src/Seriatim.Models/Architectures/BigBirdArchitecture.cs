namespace Seriatim.Models;

/// <summary>
/// BigBird (Zaheer et al., 2020): BERT whose blocks of rows see their neighbours, both ends and some at random.
/// </summary>
internal sealed class BigBirdArchitecture : Architecture
{
    private const string Bare = "BigBirdModel";

    public override string ModelType => "big_bird";

    public override IReadOnlyList<string> ClassNames => ["BigBirdForMaskedLM", "BigBirdForPreTraining", Bare];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        string kind = config.Text("block_sparse", "attention_type");
        if (kind is not ("block_sparse" or "original_full"))
            throw config.Unsupported("attention_type", kind, "block_sparse or original_full is needed");
        int block = config.SizeOrNull("block_size") ?? 64;
        int random = config.IdOrNull("num_random_blocks") ?? 3;
        bool bias = config.Flag(true, "use_bias");
        bool scaled = config.Flag(false, "rescale_embeddings");
        ModelTask task = className == Bare ? ModelTask.Encoding : ModelTask.MaskedLanguageModel;
        ModelSpec spec = BertFamily.Model(config, ModelType, task, offset: 0,
            mixer: (layer, heads, headDim) => kind == "original_full"
                ? CommonKeys.MultiHead(heads, headDim, bias) with { OutputBias = true }
                : new MixerSpec.BlockSparse(heads, headDim, (float)(1 / Math.Sqrt(headDim)), block, random)
                {
                    Layer = layer,
                    InputBias = bias,
                });
        return scaled ? spec with { Encoder = spec.Encoder! with { EmbeddingScale = MathF.Sqrt(spec.Encoder!.Width) } } : spec;
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names("bert");
        names.Waive("the pooler, and the head of next sentence prediction", "bert.pooler.*", "cls.seq_relationship.*");
        if (spec.Task == ModelTask.Encoding)
        {
            return names.Waive("heads: rows are pooled by who asks for them", "cls.*", "classifier.*", "qa_classifier.*")
                .WithOptionalPrefix("bert.");
        }

        BertFamily.AddMaskedHead(names, spec);
        return names;
    }
}
