namespace Seriatim.Models;

/// <summary>Longformer (Beltagy et al., 2020): RoBERTa whose rows see a window and global tokens.</summary>
internal sealed class LongformerArchitecture : Architecture
{
    private const string Bare = "LongformerModel";

    public override string ModelType => "longformer";

    public override IReadOnlyList<string> ClassNames => ["LongformerForMaskedLM", Bare];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        int layers = config.Size("num_hidden_layers");
        int[] windows = PerLayer(config, "attention_window", layers, 512);
        int[] dilations = PerLayer(config, "attention_dilation", layers, 1);
        for (int layer = 0; layer < layers; layer++)
        {
            if (windows[layer] % 2 != 0)
            {
                throw config.Unsupported($"attention_window[{layer}]", windows[layer],
                    "an even number is needed: half of the window lies on each side");
            }
        }

        config.Waive("how the reference library exports a model", "onnx_export");
        config.WaiveAt("rows see both sides", "false", "autoregressive");
        config.WaiveAt("rows of padding are not there", "false", "ignore_attention_mask");
        string mode = config.Text("longformer", "attention_mode");
        if (mode is not ("longformer" or "sliding_chunks" or "tvm")) // kernels that say the same
            throw config.Unsupported("attention_mode", mode, "longformer, sliding_chunks or tvm is needed");
        return BertFamily.Model(config, ModelType, className == Bare ? ModelTask.Encoding : ModelTask.MaskedLanguageModel,
            offset: (config.IdOrNull("pad_token_id") ?? 1) + 1,
            mixer: (layer, heads, headDim) => new MixerSpec.LocalGlobal(
                heads, headDim, (float)(1 / Math.Sqrt(headDim)), windows[layer])
            {
                Dilations = dilations[layer] == 1 ? [] : [.. Enumerable.Repeat(dilations[layer], heads)],
            });
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        NameTable names = BertFamily.Names("longformer");
        foreach ((string part, string file) in (ReadOnlySpan<(string, string)>)[("q", "query"), ("k", "key"), ("v", "value")])
        {
            names.Add(
                $"encoder.layers.*.attention.global_{part}", $"longformer.encoder.layer.*.attention.self.{file}_global");
        }

        names.Waive("the pooler of another head", "longformer.pooler.dense.*");
        if (spec.Task == ModelTask.Encoding)
        {
            return names.Waive("heads: rows are pooled by who asks for them", "lm_head.*", "classifier.*", "qa_outputs.*")
                .WithOptionalPrefix("longformer.");
        }

        BertFamily.AddRobertaHead(names, spec);
        return names;
    }

    /// <summary>A number for all layers, or a list with one for each.</summary>
    private static int[] PerLayer(ConfigReader config, string name, int layers, int fallback)
    {
        if (!config.IsList(name))
            return [.. Enumerable.Repeat(config.SizeOrNull(name) ?? fallback, layers)];
        double[] numbers = config.Numbers(name, layers);
        foreach (double number in numbers)
        {
            if (number is < 1 or > int.MaxValue || number != Math.Floor(number))
                throw config.Unsupported(name, number, "positive integers are needed");
        }

        return [.. numbers.Select(number => (int)number)];
    }
}
