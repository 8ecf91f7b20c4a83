using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>
/// Temperature and truncation. Names and defaults are those of llama.cpp; what it lacks has its Hugging Face name.
/// </summary>
internal sealed class SamplerFlags
{
    private readonly TableFlags _table = new(sampler => sampler.Stage != SamplerStage.Score);
    private readonly Option<SamplerOrder?> _order = Flag.Maybe<SamplerOrder?>(
        "Whether temperature comes last or first. Default: the model's.", "LlamaCpp|HuggingFace", "--sampler-order");

    public IEnumerable<Option> All => [.. _table.All, _order];

    /// <summary>How a model samples if no flag says otherwise.</summary>
    public static SamplingOptions DefaultsOf(LanguageModel model) => model.Defaults.Sampling;

    /// <param name="result">The command line.</param>
    /// <param name="model">What was not given is as the model has it.</param>
    /// <param name="beams">
    /// With beams there is no sampling: what was not given is off, and what was given is refused by the engine.
    /// </param>
    public SamplingOptions Read(ParseResult result, LanguageModel model, bool beams)
    {
        SamplingOptions usual = DefaultsOf(model), options = _table.Apply(result, usual);

        // Beams, and what truncates by itself, replace the defaults of the truncations, as in llama.cpp and transformers.
        if (beams)
            options = _table.Apply(result, new() { Penalties = usual.Penalties });
        else if (Samplers.AnySet(options, sampler => sampler.ReplacesTruncation))
            options = _table.Apply(result, new() { Temperature = usual.Temperature, Penalties = usual.Penalties });
        return result.GetValue(_order) is { } order ? options with { Order = order } : options;
    }
}
