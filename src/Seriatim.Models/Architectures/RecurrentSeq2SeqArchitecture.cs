namespace Seriatim.Models;

/// <summary>
/// Encoder and decoder of LSTM or GRU layers (Sutskever et al., 2014; Cho et al., 2014), the decoder with attention to the
/// encoder or without (Bahdanau et al., 2015). No published library has configs for these, so this one is our own: see
/// <c>docs/decisions/031-recurrent-seq2seq.md</c>.
/// </summary>
internal sealed class RecurrentSeq2SeqArchitecture : Architecture
{
    public override string ModelType => "rnn_seq2seq";

    public override IReadOnlyList<string> ClassNames => ["RecurrentSeq2Seq"];

    public override ModelSpec ReadSpec(ConfigReader config, string className)
    {
        GatedCell cell = config.Text(null, "cell") switch
        {
            "lstm" => GatedCell.Lstm,
            "gru" => GatedCell.Gru,
            var other => throw config.Unsupported("cell", other, "\"lstm\" or \"gru\" is needed"),
        };
        MixerSpec.Recurrent mixer = RecurrentFamily.Mixer(config, cell, out int embedding);
        int vocabulary = config.Size("vocab_size"), width = mixer.Width;
        bool both = config.Flag(true, "bidirectional");
        if (both && width % 2 != 0)
        {
            throw config.Unsupported(
                "hidden_size", width,
                "a bidirectional encoder halves it; an even number, or \"bidirectional\": false, is needed");
        }

        MixerSpec.Attention? attention = Attention(config, width);
        LayerSpec encoder = RecurrentFamily.Bare(both ? mixer with { Width = width / 2, Bidirectional = true } : mixer);
        LayerSpec decoder = RecurrentFamily.Bare(
            mixer with { Start = both ? EncoderStart.BothEnds : EncoderStart.LastRow });
        StackSpec Stack(string key, Visibility visibility, LayerSpec layer, MixerSpec.Attention? cross)
        {
            int count = config.SizeOrNull(key) ?? 1;
            return new StackSpec(vocabulary, width, visibility, CommonKeys.Layers(config, count, i =>
                i == count - 1 && cross is not null ? layer with { Cross = cross, CrossResidual = true } : layer))
            {
                EmbeddingWidth = embedding,
                ProjectsEmbedding = false,
                FrozenId = config.IdOrNull("pad_token_id"),
            };
        }

        return new ModelSpec(ModelType, ModelTask.SequenceToSequence,
            Stack("encoder_layers", Visibility.Full, encoder, null),
            Stack("decoder_layers", Visibility.Causal, decoder, attention),
            RecurrentFamily.Head(config, vocabulary, width, embedding), int.MaxValue)
        {
            SharedEmbedding = true,
            Dropout = config.Dropout(residual: "dropout"),
        };
    }

    public override NameTable TensorNames(ModelSpec spec)
    {
        var names = new NameTable
        {
            { "embed", "embed" }, { "head", "output" }, { "decoder.layers.*.recurrent.start", "decoder.start.*" },
            { "decoder.layers.*.cross.q", "decoder.attention.query" }, { "decoder.layers.*.cross.k", "decoder.attention.key" },
            { "decoder.layers.*.cross.v", "decoder.attention.value" }, { "decoder.layers.*.cross.o", "decoder.attention.output" },
            { "decoder.layers.*.cross.score", "decoder.attention.score" },
        };
        RecurrentFamily.AddNames(names, "encoder.layers.*.recurrent", "encoder.rnn");
        RecurrentFamily.AddNames(names, "decoder.layers.*.recurrent", "decoder.rnn");
        return spec.Head.Tied ? names.Waive(NameTable.TiedCopy, "output.weight") : names;
    }

    private static MixerSpec.Attention? Attention(ConfigReader config, int width)
    {
        string kind = config.Text("additive", "attention");
        int heads = config.SizeOrNull("attention_heads") ?? 1;
        int headDim = CommonKeys.HeadDim(config, width, heads);
        return kind switch
        {
            "none" => null,
            "dot" => new MixerSpec.Attention(heads, heads, headDim, (float)(1 / Math.Sqrt(headDim))),
            "additive" => new MixerSpec.Attention(heads, heads, headDim, 1) { IsAdditive = true },
            _ => throw config.Unsupported("attention", kind, "\"additive\", \"dot\" or \"none\" is needed"),
        };
    }
}
