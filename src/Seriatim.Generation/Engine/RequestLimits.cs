namespace Seriatim.Generation;

/// <summary>What follows from a request and its engine together.</summary>
/// <param name="MaxNewTokens">The real limit of new tokens.</param>
/// <param name="EndIds">Ids that end a sequence.</param>
/// <param name="Width">Most sequences at a time.</param>
/// <param name="Terms">What holds for its sequences.</param>
/// <param name="Reach">What the layers see of them at most; null: everything.</param>
/// <param name="Strategy">How it becomes tokens.</param>
internal sealed record RequestLimits(
    int MaxNewTokens, IReadOnlyList<int> EndIds, int Width, SequenceTerms Terms, AttentionWindow? Reach,
    Strategy Strategy)
{
    /// <summary>The request with everything decided that it left open, and with numbers that nobody else can change.</summary>
    public GenerationRequest Decide(GenerationRequest request, ulong seed) => request with
    {
        Prompt = request.Prompt.ToArray(),
        EncoderInput = request.EncoderInput.ToArray(),
        Shortlist = request.Shortlist.ToArray(),
        EndIds = [.. EndIds],
        StopIds = [.. request.StopIds],
        StopStrings = [.. request.StopStrings],
        ShownIds = [.. request.ShownIds],
        ForcedPrefix = [.. request.ForcedPrefix],
        MaxNewTokens = MaxNewTokens,
        SoftMaxNewTokens = null,
        Seed = seed,
    };
}
