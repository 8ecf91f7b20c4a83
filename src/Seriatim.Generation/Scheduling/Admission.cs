namespace Seriatim.Generation;

/// <summary>A request that leaves the queue in a step.</summary>
/// <param name="Group">The request.</param>
/// <param name="Prefix">The last page of the prefix cache it begins with; null: none.</param>
/// <param name="PrefixPages">How many pages that are.</param>
internal readonly record struct Admission(SequenceGroup Group, PrefixNode? Prefix, int PrefixPages);
