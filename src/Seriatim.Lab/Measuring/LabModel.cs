using System.Text;

namespace Seriatim.Lab;

/// <summary>A small model of the family seriatim: what an experiment trains from scratch.</summary>
/// <param name="Shape">The end of its class, such as <c>CausalLM</c>.</param>
/// <param name="Vocabulary">Ids.</param>
/// <param name="Context">Most positions.</param>
internal sealed record LabModel(string Shape, int Vocabulary, int Context)
{
    /// <summary>Features of a row.</summary>
    public int Width { get; init; } = 32;

    /// <summary>Layers of each stack.</summary>
    public int Layers { get; init; } = 2;

    /// <summary>Heads.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Features in the middle of feed-forward layers; null: four times the width.</summary>
    public int? Inner { get; init; }

    /// <summary>Further keys of the config, as JSON without braces.</summary>
    public string Switches { get; init; } = "\"bias\": true";

    /// <summary>The config.</summary>
    public string Config => $$"""
        {"architectures": ["SeriatimFor{{Shape}}"], "model_type": "seriatim", "vocab_size": {{Vocabulary}},
        "hidden_size": {{Width}}, "num_hidden_layers": {{Layers}}, "num_attention_heads": {{Heads}},
        "intermediate_size": {{Inner ?? 4 * Width}}, "max_position_embeddings": {{Context}}, {{Switches}}}
        """;

    /// <summary>A model of any config with fresh weights.</summary>
    /// <param name="config">Its config.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="deviation">Standard deviation of the weights; null: the family's.</param>
    public static Model Make(string config, ulong seed, float? deviation = null) =>
        Model.Create("a model of the lab", Encoding.UTF8.GetBytes(config), new RandomSource(seed, deviation));

    /// <summary>The model with fresh weights.</summary>
    /// <param name="seed">Of the weights.</param>
    public Model Make(ulong seed) => Make(Config, seed);

    /// <summary>The same with the width of its feed-forward layers chosen so that it has about so many parameters.</summary>
    /// <param name="parameters">As many are wanted.</param>
    public LabModel WithParameters(long parameters)
    {
        (long few, long more) = (Count(1), Count(2));
        return this with { Inner = (int)Math.Max(1, 1 + Math.Round((double)(parameters - few) / (more - few))) };
    }

    private long Count(int inner)
    {
        using Model model = (this with { Inner = inner }).Make(1);
        return model.ParameterCount;
    }
}
