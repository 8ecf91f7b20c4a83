namespace Seriatim.Cluster;

/// <summary>A run gave other tokens than the one before it, which must not be: the silo is not asked again.</summary>
internal sealed class StreamDifferentException(int choice, int? before, int? now)
    : SeriatimException($"Answer {choice} had token {before} and now has {now}.");
