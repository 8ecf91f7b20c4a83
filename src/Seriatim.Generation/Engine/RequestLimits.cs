namespace Seriatim.Generation;

/// <summary>What follows from a request and its engine together.</summary>
/// <param name="MaxNewTokens">The real limit of new tokens.</param>
/// <param name="EndIds">Ids that end a sequence.</param>
/// <param name="Width">Most sequences at a time.</param>
/// <param name="DeclaredLength">The most positions a sequence may reach.</param>
internal sealed record RequestLimits(int MaxNewTokens, IReadOnlyList<int> EndIds, int Width, int DeclaredLength);
