namespace Seriatim.Generation;

/// <summary>What processors are made from.</summary>
/// <param name="Request">A checked request.</param>
/// <param name="EndIds">Ids that end a sequence.</param>
/// <param name="MaxNewTokens">The real limit of new tokens.</param>
/// <param name="Vocabulary">Number of ids.</param>
internal sealed record SamplerTerms(
    GenerationRequest Request, IReadOnlyList<int> EndIds, int MaxNewTokens, int Vocabulary)
{
    public SamplingOptions Options => Request.Sampling;
}
