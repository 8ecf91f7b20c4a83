namespace Seriatim.Models;

/// <summary>What Gemma 1 and 3 have in common: factors of norms are 1 + w, embeddings are scaled by sqrt(E).</summary>
internal static class GemmaFamily
{
    /// <summary>
    /// The feed-forward layer. The first configs name the function "gelu" as <c>hidden_act</c> and mean its tanh form, which is
    /// what the class takes as long as <c>hidden_activation</c> does not say otherwise.
    /// </summary>
    public static FeedForwardSpec.Gated FeedForward(ConfigReader config)
    {
        string old = config.Text("gelu_pytorch_tanh", "hidden_act");
        if (old is not ("gelu" or "gelu_pytorch_tanh"))
            throw config.Unsupported("hidden_act", old, "gelu or gelu_pytorch_tanh, which both mean the tanh form, is needed");
        Activation activation = CommonKeys.ReadActivation(config, "gelu_pytorch_tanh", "hidden_activation");
        return new FeedForwardSpec.Gated(config.Size("intermediate_size"), activation, Bias: false);
    }

    /// <summary>The model with its embedding scaled.</summary>
    public static ModelSpec WithScale(ModelSpec spec) =>
        spec with { Decoder = spec.Decoder! with { EmbeddingScale = MathF.Sqrt(spec.Decoder.Width) } };

    /// <summary>What readers of GGUF files take for granted.</summary>
    public static void RequireGguf(GgufExport export)
    {
        export.Require(export.Spec.Head.Tied, "tie_word_embeddings",
            $"GGUF files of {export.Architecture} have no output tensor; readers take the embedding");
        export.RequireActivation(Activation.GeluTanh);
    }

    /// <summary>The names of a layer with four norms.</summary>
    public static NameTable Names(ModelSpec spec)
    {
        NameTable names = LlamaFamily.NamesWithoutNorms(spec);
        names.Add("layers.*.norm1", "model.layers.*.input_layernorm");
        names.Add("layers.*.after1", "model.layers.*.post_attention_layernorm");
        names.Add("layers.*.norm2", "model.layers.*.pre_feedforward_layernorm");
        names.Add("layers.*.after2", "model.layers.*.post_feedforward_layernorm");
        return names;
    }
}
