namespace Seriatim.Generation;

/// <summary>What follows from a request and its engine together.</summary>
/// <param name="MaxNewTokens">The real limit of new tokens.</param>
/// <param name="EndIds">Ids that end a sequence.</param>
/// <param name="Width">Most sequences at a time.</param>
/// <param name="Terms">What holds for its sequences.</param>
/// <param name="Reach">What the layers see of them at most; null: everything.</param>
internal sealed record RequestLimits(
    int MaxNewTokens, IReadOnlyList<int> EndIds, int Width, SequenceTerms Terms, AttentionWindow? Reach);
