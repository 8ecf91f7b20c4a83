namespace Seriatim.Generation;

/// <summary>What drafting for a request needs.</summary>
internal sealed record Drafting(GenerationRequest Request, SamplerChain Chain, int MaxNewTokens)
{
    public SpeculationOptions Options => Request.Speculation!;
}
