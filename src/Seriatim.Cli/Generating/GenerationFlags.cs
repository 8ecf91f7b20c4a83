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
        command.Add("Length and seed", _length.All);
        command.Add("Choosing tokens", _sampler.All);
        command.Add("Penalties", _penalty.All);
        command.Add("Constraints", _constraint.All);
        command.Add("Beam search", _beam.All);
        command.Add("Drafts", _speculation.All);
        command.Add("Long texts", _context.All);
    }

    /// <summary>The seed, if it was drawn and not given.</summary>
    public ulong? DrawnSeed(ParseResult result) => _length.DrawnSeed(result);

    public string? DraftModel(ParseResult result) => _speculation.DraftModel(result);

    /// <summary>The request of a prompt with these options.</summary>
    public GenerationRequest Apply(ParseResult result, Prompt prompt, LanguageModel model, GenerationRequest request)
    {
        BeamOptions? beam = _beam.Read(result);
        SamplingOptions sampling = _sampler.Read(result, model, beam is not null);
        request = _length.Apply(result, prompt, request) with
        {
            Beam = beam,
            Speculation = _speculation.Read(result),
            Sampling = sampling with { Penalties = _penalty.Read(result, model.Tokenizer, sampling.Penalties) },
        };
        return _constraint.Apply(result, model.Tokenizer, _context.Apply(result, model, request));
    }
}
