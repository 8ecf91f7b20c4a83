using System.CommandLine;
using Seriatim.Generation;

namespace Seriatim.Cli;

/// <summary>All options that make a request. Values are checked by the engine, which names option and range.</summary>
internal sealed class GenerationFlags
{
    private readonly LengthFlags _length = new();
    private readonly SamplerFlags _sampler = new();
    private readonly PenaltyFlags _penalty = new();
    private readonly ConstraintFlags _constraint = new();
    private readonly BeamFlags _beam = new();
    private readonly SpeculationFlags _speculation = new();
    private readonly ContextFlags _context = new();

    public void AddTo(Command command)
    {
        foreach (Option option in new[] { _length.All, _sampler.All, _penalty.All, _constraint.All, _beam.All, _speculation.All, _context.All }.SelectMany(all => all))
            command.Add(option);
    }

    public string? DraftModel(ParseResult result) => _speculation.DraftModel(result);

    /// <summary>The request of a prompt with these options.</summary>
    public GenerationRequest Apply(ParseResult result, Prompt prompt, LanguageModel model, GenerationRequest request)
    {
        BeamOptions? beam = _beam.Read(result);
        request = _length.Apply(result, prompt, request) with
        {
            Beam = beam,
            Speculation = _speculation.Read(result),
            Sampling = _sampler.Read(result, beam is not null) with { Penalties = _penalty.Read(result, model.Tokenizer) },
        };
        return _constraint.Apply(result, model.Tokenizer, _context.Apply(result, model, request));
    }
}
