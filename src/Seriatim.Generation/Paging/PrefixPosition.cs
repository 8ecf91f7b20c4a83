namespace Seriatim.Generation;

/// <summary>How far a sequence's pages are in the prefix cache.</summary>
/// <param name="Node">The last page that is; null: none.</param>
/// <param name="Pages">How many are.</param>
/// <param name="Ended">No more will be: somebody else's page stands where the next would.</param>
internal readonly record struct PrefixPosition(PrefixNode? Node, int Pages, bool Ended);
