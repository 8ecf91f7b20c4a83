namespace Seriatim.Generation;

/// <summary>What the prefix cache knows, as trees: pages one behind the other are one branch.</summary>
/// <param name="Pages">All pages of the cache.</param>
/// <param name="LeftOut">Pages that no branch here has: there were too many.</param>
/// <param name="Branches">Each after the one that it grows from.</param>
internal sealed record PrefixForest(int Pages, int LeftOut, IReadOnlyList<PrefixBranch> Branches);

/// <summary>Pages one behind the other, without a fork between them.</summary>
/// <param name="Parent">The branch that it grows from; -1: it is a root.</param>
/// <param name="Pages">Its pages.</param>
/// <param name="Used">Of these, pages that a sequence holds now.</param>
internal readonly record struct PrefixBranch(int Parent, int Pages, int Used);
